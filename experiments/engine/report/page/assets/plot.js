// Draws one figure as SVG: `node PROGRAM WIDTH THEME < specification > picture`. There is no canvas here: text is as
// wide as in Helvetica, and where labels must not lie the bounding boxes of marks are filled.
const glyphWidths = {
  narrow: "ijlftI!|.,:;'()[]/ ", wide: 'mwMW@%', capital: 'ABCDEFGHJKLNOPQRSTUVXYZ&±',
};
function glyphWidth(glyph) {
  if (glyphWidths.narrow.includes(glyph)) return 0.29;
  if (glyphWidths.wide.includes(glyph)) return 0.85;
  return glyphWidths.capital.includes(glyph) ? 0.68 : 0.55;
}

class BoxContext {
  constructor(canvas) {
    this.canvas = canvas;
    this.font = '12px sans-serif';
    this.at = {x: 0, y: 0, scale: 1};
    this.saved = [];
    this.boxes = [];
    this.beginPath();
  }
  measureText(text) {
    const size = Number((/([\d.]+)px/.exec(this.font) || [0, 12])[1]);
    return {width: [...String(text)].reduce((sum, glyph) => sum + glyphWidth(glyph), 0) * size};
  }
  save() { this.saved.push({...this.at}); }
  restore() { this.at = this.saved.pop() || this.at; }
  translate(x, y) { this.at.x += x * this.at.scale; this.at.y += y * this.at.scale; }
  scale(factor) { this.at.scale *= factor; }
  setTransform(a, b, c, d, x, y) { this.at = {x, y, scale: a}; }
  beginPath() { this.path = null; }
  point(x, y) {
    const px = this.at.x + x * this.at.scale, py = this.at.y + y * this.at.scale;
    const box = this.path || (this.path = [px, py, px, py]);
    this.path = [Math.min(box[0], px), Math.min(box[1], py), Math.max(box[2], px), Math.max(box[3], py)];
  }
  moveTo(x, y) { this.point(x, y); }
  lineTo(x, y) { this.point(x, y); }
  rect(x, y, w, h) { this.point(x, y); this.point(x + w, y + h); }
  arc(x, y, r) { this.point(x - r, y - r); this.point(x + r, y + r); }
  bezierCurveTo(a, b, c, d, x, y) { this.point(a, b); this.point(c, d); this.point(x, y); }
  quadraticCurveTo(a, b, x, y) { this.point(a, b); this.point(x, y); }
  closePath() {}
  fill() { if (this.path) this.boxes.push(this.path); }
  stroke() { this.fill(); }
  fillRect(x, y, w, h) { this.beginPath(); this.rect(x, y, w, h); this.fill(); }
  fillText() {}
  strokeText() {}
  clip() {}
  setLineDash() {}
  clearRect() { this.boxes = []; }
  getImageData(left, top, width, height) {
    const data = new Uint8ClampedArray(4 * width * height);
    for (const [x1, y1, x2, y2] of this.boxes) {
      for (let y = Math.max(0, Math.floor(y1)); y <= Math.min(height - 1, Math.ceil(y2)); ++y) {
        for (let x = Math.max(0, Math.floor(x1)); x <= Math.min(width - 1, Math.ceil(x2)); ++x) {
          data[4 * (y * width + x) + 3] = 255;
        }
      }
    }
    return {data, width, height};
  }
}

globalThis.document = {
  createElement() {
    const canvas = {width: 0, height: 0};
    const context = new BoxContext(canvas);
    canvas.getContext = () => context;
    return canvas;
  },
};

const [width, themeName] = process.argv.slice(2);
const spec = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const view = viewOf(spec, Number(width), themeName, 'Helvetica, Arial, DejaVu Sans, sans-serif', {renderer: 'none'});
view.toSVG().then((svg) => process.stdout.write(svg + '\n')).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
