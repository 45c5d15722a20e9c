// Draws the figures of a page, and lets its tables be sorted and filtered. Nothing is fetched.
const fontFamily = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
const darkMedia = matchMedia('(prefers-color-scheme: dark)');
const manyMarks = 4000; // from here on as pixels: a drawing of so many elements would be slow
const views = new Map();
let chosenTheme = '';

const themeNow = () => chosenTheme || (darkMedia.matches ? 'dark' : 'light');

function markCount(spec) {
  const lengthOf = (entry) => (Array.isArray(entry.value) ? entry.value : Array.isArray(entry.x) ? entry.x : [0]).length;
  return (spec.data || []).reduce((sum, set) => (set.values || []).reduce((all, entry) => all + lengthOf(entry), sum), 0);
}

// ---- what a mark stands for, beside the pointer ---------------------------------------------------

const tip = document.createElement('div');
tip.id = 'tip';
tip.hidden = true;
document.body.append(tip);

function showTip(handler, event, item, value) {
  if (value === null || value === undefined || value === '') {
    tip.hidden = true;
    return;
  }
  tip.textContent = String(value);
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const left = Math.min(event.clientX + 14, innerWidth - box.width - 8);
  const below = event.clientY + 18;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${below + box.height > innerHeight ? event.clientY - box.height - 10 : below}px`;
}

// ---- figures --------------------------------------------------------------------------------------

async function draw(chart, themeName = themeNow()) {
  try {
    const spec = JSON.parse(document.getElementById(chart.dataset.spec).textContent);
    views.get(chart)?.finalize();
    chart.replaceChildren();
    const width = Math.max(240, Math.floor(chart.clientWidth));
    const view = viewOf(spec, width, themeName, fontFamily, {
      renderer: markCount(spec) > manyMarks ? 'canvas' : 'svg', container: chart, hover: false, tooltip: showTip,
    });
    views.set(chart, view);
    chart.dataset.theme = themeName;
    chart.dataset.width = width;
    await view.runAsync();
    // The words stand in the chart's own label; what is drawn is one picture to a screen reader.
    for (const child of chart.children) child.setAttribute('aria-hidden', 'true');
    chart.dataset.drawn = 'yes';
  } catch (error) {
    chart.textContent = `This figure could not be drawn: ${error.message}`;
    console.error(error);
  }
}

const charts = [...document.querySelectorAll('.chart')];
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    draw(entry.target);
  }
}, {rootMargin: '600px'});
for (const chart of charts) seen.observe(chart);

const drawAll = (themeName) => Promise.all(charts.map((chart) => {
  seen.unobserve(chart);
  return draw(chart, themeName);
}));
const drawAgain = () => {
  for (const chart of charts) if (chart.dataset.drawn) draw(chart);
};
darkMedia.addEventListener('change', drawAgain);
addEventListener('beforeprint', () => { for (const chart of charts) draw(chart, 'light'); });
addEventListener('afterprint', drawAgain);

let resized = 0;
addEventListener('resize', () => {
  clearTimeout(resized);
  resized = setTimeout(() => {
    for (const chart of charts) {
      if (chart.dataset.drawn && Math.abs(chart.clientWidth - chart.dataset.width) > 4) draw(chart);
    }
  }, 150);
});

const themeButton = document.getElementById('theme');
themeButton.hidden = false;
const nameTheme = () => { themeButton.textContent = themeNow() === 'dark' ? 'Light colours' : 'Dark colours'; };
nameTheme();
themeButton.addEventListener('click', () => {
  chosenTheme = themeNow() === 'dark' ? 'light' : 'dark';
  document.documentElement.dataset.theme = chosenTheme;
  nameTheme();
  drawAgain();
});

// ---- tables ---------------------------------------------------------------------------------------

// Cells say what they are sorted by in data-value; those without a value go last, whichever way.
function sortRows(table, column, descending) {
  const body = table.tBodies[0];
  const key = (row) => {
    const cell = row.cells[column];
    if (cell.dataset.value === undefined) return cell.textContent.trim().toLowerCase();
    return cell.dataset.value === '' ? null : Number(cell.dataset.value);
  };
  const rows = [...body.rows].map((row) => [key(row), row]);
  rows.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    const order = a < b ? -1 : a > b ? 1 : 0;
    return descending ? -order : order;
  });
  body.append(...rows.map(([, row]) => row));
}

for (const button of document.querySelectorAll('button.sort')) {
  button.addEventListener('click', () => {
    const heading = button.closest('th');
    const descending = heading.getAttribute('aria-sort') === 'ascending';
    const table = heading.closest('table');
    for (const other of table.querySelectorAll('[aria-sort]')) other.removeAttribute('aria-sort');
    heading.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
    sortRows(table, Number(button.dataset.column), descending);
  });
}

// A filter shows the rows in which every one of its words occurs.
for (const filter of document.querySelectorAll('input.filter')) {
  const table = document.getElementById(filter.dataset.table);
  const count = document.getElementById(filter.dataset.count);
  const apply = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    count.textContent = `${shown} of ${table.tBodies[0].rows.length} rows`;
  };
  filter.addEventListener('input', apply);
  apply();
}

for (const box of document.querySelectorAll('input.group')) {
  const table = document.getElementById(box.dataset.table);
  const apply = () => table.classList.toggle(`without-${box.dataset.group}`, !box.checked);
  box.addEventListener('change', apply);
  apply();
}

for (const control of document.querySelectorAll('.controls')) control.hidden = false;
