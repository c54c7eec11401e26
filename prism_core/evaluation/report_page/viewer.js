// SPDX-License-Identifier: Apache-2.0
// Failures by cause, and the viewer of trials. What is chosen stands in the page's address.

const { planners, episodes: trials } = JSON.parse(byId('data').textContent);
const chosen = { planner: '', kind: '', result: '', cause: '' };
const RESULTS = {
  failed: (one) => !one.success,
  wrong: (one) => one.rightness === 'wrong',
  asked: (one) => one.rightness === 'asked',
  'does not know': (one) => one.rightness === 'unknown',
  succeeded: (one) => one.success,
};
let trial = null;
let turn = 0;
let drawnWidth = 0;

const keyOf = (one) => `${one.planner}:${one.id}`;
const verdictOf = (one) => (one.success ? 'success' : one.cause);
const mark = (holds) => el('span', { class: holds ? 'good' : 'bad' }, holds ? '✓' : '✗');
const address = (choice) => `#${new URLSearchParams(choice)}`;

// ------------------------------------------------------------------------------- failures by cause

function drawCauses() {
  const rows = new Map();
  planners.forEach((planner, index) => planner.causes.forEach(([cause, number]) => {
    if (!rows.has(cause)) rows.set(cause, planners.map(() => 0));
    rows.get(cause)[index] = number;
  }));
  if (!rows.size) {
    byId('causes').append(el('p', {}, 'No trial failed.'));
    return;
  }
  const most = Math.max(...[...rows.values()].flat());
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  const cell = (cause, number, planner) => {
    const [kind, reason] = cause.split(': ');
    const here = trials.some((one) => one.planner === planner && one.kind === kind && one.cause === reason);
    const bar = el('i', { class: 'bar' });
    bar.style.width = `${70 * number / most}%`;
    const said = here ? el('a', { href: address({ planner, kind, cause: reason }) }, count(number)) : count(number);
    return el('td', { class: hue(planner) }, number ? [bar, said] : '–');
  };
  byId('causes').append(el('table', {},
    el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'kind: cause'),
      planners.map((planner) => el('th', { scope: 'col' }, planner.label)))),
    el('tbody', {}, [...rows].sort((a, b) => sum(b[1]) - sum(a[1])).map(([cause, numbers]) =>
      el('tr', {}, el('th', { scope: 'row' }, cause), numbers.map((number, i) => cell(cause, number, i)))))));
}

// ------------------------------------------------------------------------------------- the choice

function drawFilters() {
  const options = {
    planner: planners.map((planner, index) => [String(index), planner.label]),
    kind: [...new Set(trials.map((one) => one.kind))].sort().map((kind) => [kind, kind]),
    result: Object.keys(RESULTS).map((result) => [result, result]),
    cause: [...new Set(trials.map((one) => one.cause))].filter(Boolean).sort().map((cause) => [cause, cause]),
  };
  for (const [name, found] of Object.entries(options)) {
    const select = byId('filters').elements[name];
    select.append(el('option', { value: '' }, 'all'), ...found.map(([value, text]) => el('option', { value }, text)));
    select.addEventListener('change', () => {
      chosen[name] = select.value;
      filter();
    });
  }
  byId('filters').addEventListener('submit', (event) => event.preventDefault());
  const all = (part, field) => planners.reduce((sum, planner) => sum + planner[part][field], 0);
  byId('embedded').textContent = `This page holds ${count(all('failed', 'here'))} of the ${counted(all('failed', 'all'), 'trial')} `
    + `that failed and ${count(all('succeeded', 'here'))} of ${count(all('succeeded', 'all'))} that succeeded; `
    + 'option --episodes of prism report sets how many.';
}

const shownTrials = () => trials.filter((one) =>
  (!chosen.planner || String(one.planner) === chosen.planner)
  && (!chosen.kind || one.kind === chosen.kind)
  && (!chosen.result || RESULTS[chosen.result](one))
  && (!chosen.cause || one.cause === chosen.cause));

function filter(key = '', at = null) {
  const found = shownTrials();
  byId('found').textContent = `${counted(found.length, 'trial')} shown`;
  byId('list').replaceChildren(...found.map((one) => {
    const button = el('button', { type: 'button', 'data-key': keyOf(one) },
      el('span', { class: 'request' }, one.request),
      el('span', { class: 'quiet' }, mark(one.success), ` ${one.kind} · ${verdictOf(one)} · ${counted(one.turns.length, 'turn')}`,
        planners.length > 1 && el('span', { class: `tag ${hue(one.planner)}` }, planners[one.planner].label)));
    button.addEventListener('click', () => choose(one));
    return el('li', {}, button);
  }));
  byId('trial').hidden = !found.length;
  if (found.length) choose(found.find((one) => keyOf(one) === key) || found[0], at);
  else trial = null;
}

function choose(one, at = null) {
  trial = one;
  for (const button of byId('list').querySelectorAll('button')) {
    const isIt = button.dataset.key === keyOf(one);
    if (isIt) {
      button.setAttribute('aria-current', 'true');
      scrollWithin(byId('list'), button);
    } else button.removeAttribute('aria-current');
  }
  byId('slider').max = one.turns.length;
  drawAbout();
  drawTurns();
  go(at ?? one.turns.length);
}

function step(by) {
  const found = shownTrials();
  const place = found.indexOf(trial) + by;
  if (found[place]) choose(found[place]);
}

// Moves what is within a box, and leaves the page where it is.
function scrollWithin(box, part) {
  const [outer, inner] = [box.getBoundingClientRect(), part.getBoundingClientRect()];
  if (inner.top < outer.top) box.scrollTop += inner.top - outer.top;
  else if (inner.bottom > outer.bottom) box.scrollTop += Math.min(inner.bottom - outer.bottom, inner.top - outer.top);
}

// -------------------------------------------------------------------------------------- the trial

function drawAbout() {
  const row = (term, ...value) => [el('dt', {}, term), el('dd', {}, ...value)];
  const others = trials.filter((one) => one !== trial
    && (one.id === trial.id ? one.request === trial.request : one.planner === trial.planner && one.task === trial.task));
  byId('about').replaceChildren(
    el('h3', {}, `“${trial.request}”`),
    el('p', { class: 'quiet' }, el('span', { class: `tag ${hue(trial.planner)}` }, planners[trial.planner].label), ` ${trial.kind}; ${trial.about}`),
    el('p', { class: `verdict ${trial.success ? 'good' : 'bad'}` }, trial.verdict),
    el('p', { class: 'parts' }, Object.entries(trial.parts).map(([part, holds]) => el('span', {}, mark(holds), ` ${part}`))),
    el('dl', {},
      row('right or wrong', trial.rightness === 'unknown' ? 'it said that it does not know' : trial.rightness),
      row('right answer', el('strong', {}, trial.expected)),
      row('said', trial.said ? `“${trial.said}”` : `nothing; it ended by ${trial.ending}`),
      trial.error ? row('error', trial.error) : [],
      trial.evidence.length ? row('must be observed', trial.evidence.map((fact) => el('div', {}, fact))) : [],
      row('cost', trial.cost),
      trial.intent ? row('meant', trial.intent) : [],
      others.length ? row('see also', others.map((one) => el('div', {},
        el('a', { href: address({ trial: keyOf(one) }) }, one.id === trial.id ? planners[one.planner].label : 'its twin'),
        ' ', mark(one.success), ` ${verdictOf(one)}`))) : []));
}

const drawRefused = (refused) => refused.map(([reply, reason]) => el('details', { class: 'refused' },
  el('summary', {}, `reply refused: ${reason}`), el('pre', {}, reply)));

function drawTurn(one, index) {
  const [cost, isOver] = one.cost;
  const button = el('button', { type: 'button' }, `Turn ${index + 1}`,
    el('span', { class: isOver ? 'bad' : 'quiet' }, cost));
  button.addEventListener('click', () => go(index + 1));
  return el('li', {}, button,
    el('p', { class: 'quiet' }, [one.at && `in ${one.at}`, one.goal && `goal: ${one.goal}`, one.seconds && `planned in ${ms(one.seconds)}`].filter(Boolean).join('; ')),
    one.reasoning && el('p', { class: 'reasoning' }, one.reasoning),
    drawRefused(one.refused),
    one.steps.map(([text, lines]) => [el('code', { class: 'step' }, text),
      lines.length ? el('ul', {}, lines.map(([line, isBad]) => el('li', { class: isBad ? 'bad' : '' }, line))) : null]));
}

function drawTurns() {
  const start = el('button', { type: 'button' }, 'Start', el('span', { class: 'quiet' }, 'what is known before the first turn'));
  start.addEventListener('click', () => go(0));
  byId('turns').replaceChildren(el('li', {}, start), ...trial.turns.map(drawTurn),
    el('li', { class: 'end' }, drawRefused(trial.refused),
      el('span', { class: trial.success ? 'good' : 'bad' }, `End by ${trial.ending}: ${trial.verdict}`)));
  byId('turns').scrollTop = 0;
}

function go(to) {
  turn = Math.max(0, Math.min(Number(to) || 0, trial.turns.length));
  const total = trial.turns.length;
  byId('turn').textContent = turn ? `after turn ${turn} of ${total}` : `before the first of ${counted(total, 'turn')}`;
  byId('slider').value = turn;
  byId('first').disabled = byId('back').disabled = turn === 0;
  byId('next').disabled = byId('last').disabled = turn === total;
  [...byId('turns').children].forEach((item, index) => {
    item.classList.toggle('later', index > turn && index <= total);
    if (index === turn) item.setAttribute('aria-current', 'step');
    else item.removeAttribute('aria-current');
  });
  scrollWithin(byId('turns'), byId('turns').children[turn]);
  drawScene();
  drawNodes();
  const set = Object.entries(chosen).filter(([, value]) => value);
  history.replaceState(null, '', address({ ...Object.fromEntries(set), trial: keyOf(trial), turn }));
}

function drawScene() {
  drawnWidth = byId('map').clientWidth;
  if (drawnWidth) byId('map').replaceChildren(drawMap(trial, turn, drawnWidth));
}

function drawNodes() {
  const { known } = stateAfter(trial, turn);
  const rows = trial.nodes.map(([name, isRegion, x, y, about], n) => el('tr', {},
    el('th', { scope: 'row' }, name), el('td', {}, isRegion ? 'region' : 'object'),
    el('td', {}, known.has(n) ? 'known' : 'hidden'), el('td', {}, `${x.toFixed(1)}, ${y.toFixed(1)}`), el('td', {}, about)));
  byId('nodes').replaceChildren(
    el('thead', {}, el('tr', {}, ['node', 'kind', 'now', 'x, y (m)', 'in truth'].map((text) => el('th', { scope: 'col' }, text)))),
    el('tbody', {}, rows));
}

// ------------------------------------------------------------------------------------------- start

function readAddress() {
  const said = new URLSearchParams(location.hash.includes('=') ? location.hash.slice(1) : '');
  for (const name of Object.keys(chosen)) {
    chosen[name] = said.get(name) || '';
    byId('filters').elements[name].value = chosen[name];
  }
  filter(said.get('trial') || '', said.get('turn'));
}

document.title = `Evaluation of ${planners.map((planner) => planner.label).join(', ')}`;
drawFigures(planners);
drawCauses();
drawFilters();
drawKey();
byId('first').addEventListener('click', () => go(0));
byId('back').addEventListener('click', () => go(turn - 1));
byId('next').addEventListener('click', () => go(turn + 1));
byId('last').addEventListener('click', () => go(trial.turns.length));
byId('slider').addEventListener('input', (event) => go(event.target.value));
document.addEventListener('keydown', (event) => {
  if (!trial || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.target.closest('select, input, #causes')) return;
  const act = { ArrowLeft: () => go(turn - 1), ArrowRight: () => go(turn + 1), j: () => step(1), k: () => step(-1) }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
new ResizeObserver(() => {
  if (trial && byId('map').clientWidth !== drawnWidth) drawScene();
}).observe(byId('map'));
window.addEventListener('hashchange', () => {
  if (!location.hash.includes('=')) return;
  readAddress();
  byId('trials').scrollIntoView();
});
readAddress();
