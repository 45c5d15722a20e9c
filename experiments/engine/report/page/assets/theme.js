// Colours of figures, in a page and on paper alike: Okabe and Ito's, which colour-blind readers tell apart, darker on
// light ground and lighter on dark. A specification names them with an @.
const themes = {
  light: {
    '@ink': '#1c1d22', '@muted': '#565c6b', '@grid': '#e2e5eb', '@ground': '#ffffff',
    '@method': '#00609f', '@original': '#b64400', '@oracle': '#006b4a', '@band': '#9fdcc4', '@chosen': '#8a3a78',
  },
  dark: {
    '@ink': '#e9eaee', '@muted': '#aab0be', '@grid': '#343842', '@ground': '#15171c',
    '@method': '#63b8f7', '@original': '#ff9d5c', '@oracle': '#45d3a5', '@band': '#1d5c48', '@chosen': '#e29bd0',
  },
};

function themed(value, theme) {
  if (typeof value === 'string') return Object.hasOwn(theme, value) ? theme[value] : value;
  if (Array.isArray(value)) return value.map((item) => themed(item, theme));
  if (value && typeof value === 'object') {
    // What data say stays as it is, whatever it looks like.
    return Object.fromEntries(Object.entries(value).map(
        ([key, item]) => [key, key === 'values' || key === 'domain' ? item : themed(item, theme)]));
  }
  return value;
}

function configOf(theme, font) {
  return {
    background: null,
    group: {stroke: null},
    axis: {
      domainColor: theme['@muted'], tickColor: theme['@muted'], gridColor: theme['@grid'], labelColor: theme['@ink'],
      titleColor: theme['@ink'], labelFont: font, titleFont: font, labelFontSize: 12, titleFontSize: 12,
      titleFontWeight: 'normal', titlePadding: 8, labelLimit: 190, labelOverlap: 'greedy',
    },
    title: {color: theme['@ink'], font, fontSize: 12, fontWeight: 'bold', anchor: 'start', offset: 4},
    text: {fill: theme['@ink'], font, fontSize: 12},
  };
}

// A view of a specification, so many pixels wide, in which no text is ever evaluated as a program.
function viewOf(spec, space, themeName, font, options) {
  const theme = themes[themeName];
  const runtime = vega.parse(themed(spec, theme), configOf(theme, font), {ast: true});
  const view = new vega.View(runtime, {expr: vega.expressionInterpreter, ...options});
  view.signal('space', space);
  if (spec.autosize.type === 'fit-x') view.width(space); // others make their width of panels
  return view;
}
