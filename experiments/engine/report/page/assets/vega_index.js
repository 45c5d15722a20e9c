// The part of Vega that figures are drawn with, made of the package's modules: `define` has been called for each.
const dataflow = require('vega-dataflow');
for (const name of ['vega-transforms', 'vega-view-transforms', 'vega-encode', 'vega-label']) {
  Object.assign(dataflow.transforms, require(name));
}
return {
  View: require('vega-view').View,
  parse: require('vega-parser').parse,
  expressionInterpreter: require('vega-interpreter').expressionInterpreter,
  Error: require('vega-util').Error,
};
