// SPDX-License-Identifier: Apache-2.0
'use strict';
// Draws the report from the data in the page. Every text of the data goes through textContent: file
// names and commands are chosen by whoever ran them.
const byId = (id) => document.getElementById(id);

function fail(what) {
  document.documentElement.dataset.state = 'failed';
  byId('failure').hidden = false;
  byId('failure').textContent = 'This page is broken: ' + what;
}
window.addEventListener('error', (event) => fail(event.message));
window.addEventListener('unhandledrejection', (event) => fail(String(event.reason)));

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// ---- data: rows of numbers, texts by their place in `strings`

const data = JSON.parse(byId('data').textContent);
const textAt = (place) => data.strings[place];
const iso = (ms) => new Date(ms).toISOString();
const short = (hex) => hex.slice(0, 12);

const events = data.events.map((row) => {
  const [ms, outcome, type, reason, request, file, by, uid, pid, lineage, unit, artifact, digest, id,
    detail, boot] = row;
  const event = {
    ms, time: iso(ms), outcome: data.outcomes[outcome], type: textAt(type), reason: textAt(reason),
    request: textAt(request), file: textAt(file), by: textAt(by), uid, pid, lineage, boot,
    unit: textAt(unit), artifact: textAt(artifact), digest: textAt(digest), id: textAt(id),
    detail: textAt(detail),
  };
  event.what = event.outcome === 'other' ? event.type : event.request;
  event.search = [event.outcome, event.type, event.reason, event.request, event.file, event.by,
    event.artifact, event.digest, event.id, event.detail, event.unit].join('\n').toLowerCase();
  return event;
});

const nodes = data.nodes.map((row, place) => {
  const [boot, lineage, parent, path, comm, pid, uid, ms, denials, knowledge, artifact, unit] = row;
  const node = {
    place, boot, lineage, parent, path: textAt(path), comm: textAt(comm), pid, uid, ms, denials,
    knowledge, artifact: textAt(artifact), unit: textAt(unit), children: [], level: 1, isOpen: false,
  };
  node.search = [node.path, node.comm, node.artifact, node.unit].join('\n').toLowerCase();
  return node;
});
const nodeOf = new Map(nodes.map((node) => [node.boot + ':' + node.lineage, node]));
const roots = [];
for (const node of nodes) { // parents stand before their children
  node.above = node.parent === '0' ? undefined : nodeOf.get(node.boot + ':' + node.parent);
  if (node.above) {
    node.level = node.above.level + 1;
    node.above.children.push(node);
  } else {
    roots.push(node);
  }
}

// ---- filter

function readFilter() {
  const words = byId('words').value.toLowerCase().split(/\s+/).filter((word) => word);
  return {words, outcome: byId('outcome').value, from: byId('from').value.trim(),
    to: byId('to').value.trim()};
}

function wordHolds(word, thing) {
  const colon = word.indexOf(':');
  const value = word.slice(colon + 1);
  switch (colon > 0 ? word.slice(0, colon) : '') {
    case 'uid': return String(thing.uid) === value;
    case 'pid': return String(thing.pid) === value;
    case 'lineage': return thing.lineage === value;
    case 'unit': return thing.unit.toLowerCase() === value;
    case 'reason': return (thing.reason || '').toLowerCase().replace(/\s+/g, '-') === value;
    default: return thing.search.includes(word);
  }
}

const holds = (filter, event) =>
  (!filter.outcome || event.outcome === filter.outcome) &&
  (!filter.from || event.time >= filter.from) && (!filter.to || event.time < filter.to) &&
  filter.words.every((word) => wordHolds(word, event));

const isEmpty = (filter) => !filter.words.length && !filter.outcome && !filter.from && !filter.to;

function setWords(text) {
  byId('words').value = text;
  update();
  byId('records').focus();
}

// ---- denials by reason

function drawDenials(shown) {
  const groups = new Map();
  for (const event of shown) {
    if (event.outcome !== 'denied' && event.outcome !== 'observed') continue;
    const key = event.outcome + '\n' + event.reason;
    const group = groups.get(key) ||
      {outcome: event.outcome, reason: event.reason, count: 0, last: '', files: new Map()};
    group.count++;
    group.last = event.time > group.last ? event.time : group.last;
    group.files.set(event.file, (group.files.get(event.file) || 0) + 1);
    groups.set(key, group);
  }
  const place = byId('denials');
  place.replaceChildren();
  if (!groups.size) {
    place.append(element('p', 'Nothing was denied.'));
    return;
  }
  const sorted = [...groups.values()].sort((a, b) => b.count - a.count);
  const table = element('table');
  const head = table.createTHead().insertRow();
  for (const name of ['Reason', 'Outcome', 'Count', '', 'Most often', 'Last'])
    head.append(Object.assign(element('th', name), {scope: 'col'}));
  const body = table.createTBody();
  for (const group of sorted) {
    const row = body.insertRow();
    const button = element('button', group.reason, 'link');
    button.type = 'button';
    button.addEventListener('click', () =>
      setWords('reason:' + group.reason.toLowerCase().replace(/\s+/g, '-')));
    row.insertCell().append(button);
    row.append(element('td', group.outcome === 'denied' ? 'denied' : 'would be denied',
      group.outcome));
    row.append(element('td', group.count, 'number'));
    const bar = element('div', undefined, 'bar');
    bar.style.width = (100 * group.count / sorted[0].count) + '%';
    const cell = row.insertCell();
    cell.className = 'wide';
    cell.append(bar);
    const [file, count] = [...group.files].sort((a, b) => b[1] - a[1])[0];
    row.append(element('td', (file || '(no file)') + ' (' + count + ')'));
    row.append(element('td', group.last.slice(0, 19) + 'Z'));
  }
  place.append(table);
}

// ---- timeline

function drawTimeline(shown) {
  const place = byId('timeline');
  place.replaceChildren();
  if (!shown.length) {
    place.append(element('p', 'No record.'));
    return;
  }
  let first = Infinity;
  let last = -Infinity;
  for (const event of shown) {
    first = Math.min(first, event.ms);
    last = Math.max(last, event.ms);
  }
  const buckets = 80;
  const width = Math.max(1, (last - first + 1) / buckets);
  const kinds = ['allowed', 'other', 'observed', 'denied'];
  const counts = Array.from({length: buckets}, () => ({allowed: 0, other: 0, observed: 0, denied: 0}));
  for (const event of shown)
    counts[Math.min(buckets - 1, Math.floor((event.ms - first) / width))][event.outcome]++;
  const sum = (count) => kinds.reduce((total, kind) => total + count[kind], 0);
  const highest = Math.max(...counts.map(sum));
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 ' + buckets * 10 + ' 100');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', shown.length + ' records from ' + iso(first) + ' to ' + iso(last) +
    ', at most ' + highest + ' in ' + Math.ceil(width) + ' ms; ' +
    counts.reduce((total, count) => total + count.denied, 0) + ' denied');
  counts.forEach((count, i) => {
    let top = 100;
    for (const kind of kinds) {
      // What is there at all must be seen.
      const height = count[kind] ? Math.max(3, 96 * count[kind] / highest) : 0;
      if (!height) continue;
      top -= height;
      const bar = document.createElementNS(space, 'rect');
      bar.setAttribute('x', i * 10);
      bar.setAttribute('width', 9);
      bar.setAttribute('y', Math.max(0, top));
      bar.setAttribute('height', height);
      bar.setAttribute('class', kind);
      const title = document.createElementNS(space, 'title');
      title.textContent = iso(first + i * width) + ': ' + count[kind] + ' ' + kind;
      bar.append(title);
      svg.append(bar);
    }
    svg.lastChild && svg.lastChild.addEventListener('click', () => {
      byId('from').value = iso(first + i * width);
      byId('to').value = iso(first + (i + 1) * width);
      update();
    });
  });
  const ends = element('div', undefined, 'ends');
  ends.append(element('span', iso(first)), element('span', iso(last)));
  place.append(svg, ends);
}

// ---- tree: one flat list of what is open, so that no depth of it is too much

const kStep = 300;
let treeLimit = kStep;
let treeFocus;
let treeShown; // a set of nodes, while a filter is on

function visibleNodes() {
  const list = [];
  const stack = [...roots].reverse();
  while (stack.length) {
    const node = stack.pop();
    if (treeShown && !treeShown.has(node)) continue;
    list.push(node);
    if (treeShown || node.isOpen)
      for (let i = node.children.length - 1; i >= 0; i--) stack.push(node.children[i]);
  }
  return list;
}

function describe(node) {
  if (node.pid === 0) return '(not recorded)';
  const marks = ['', ' (adopted)', ''][node.knowledge] || '';
  return (node.path || node.comm) + marks;
}

function itemOf(node) {
  const item = element('div');
  item.setAttribute('role', 'treeitem');
  item.setAttribute('aria-level', node.level);
  item.dataset.place = node.place;
  item.tabIndex = node === treeFocus ? 0 : -1;
  item.style.paddingLeft = (0.3 + 1.2 * Math.min(node.level - 1, 30)) + 'rem';
  const isOpen = treeShown ? true : node.isOpen;
  if (node.children.length) item.setAttribute('aria-expanded', String(isOpen));
  const mark = element('span', node.children.length ? (isOpen ? '▾' : '▸') : '', 'mark');
  mark.setAttribute('aria-hidden', 'true');
  item.append(mark, element('span', describe(node)));
  let about = '  [' + node.lineage + '] pid ' + node.pid + ' uid ' + node.uid;
  if (node.artifact) about += ' artifact ' + short(node.artifact);
  if (node.unit) about += ' ' + node.unit;
  item.append(element('span', about, 'about'));
  if (node.denials) item.append(element('span', '  denied ' + node.denials, 'denied'));
  return item;
}

function drawTree() {
  const list = visibleNodes();
  if (!list.includes(treeFocus)) treeFocus = list[0];
  byId('tree').replaceChildren(...list.slice(0, treeLimit).map(itemOf));
  if (!list.length) byId('tree').append(element('p', 'No exec.'));
  byId('more-tree').hidden = list.length <= treeLimit;
  byId('more-tree').textContent = 'Show more (' + (list.length - treeLimit) + ' left)';
}

function focusNode(node) {
  treeFocus = node;
  drawTree();
  const item = byId('tree').querySelector('[data-place="' + node.place + '"]');
  if (item) item.focus();
}

function moveInTree(key) {
  const list = visibleNodes().slice(0, treeLimit);
  const at = list.indexOf(treeFocus);
  const node = list[at];
  if (!node) return false;
  switch (key) {
    case 'ArrowDown': focusNode(list[Math.min(at + 1, list.length - 1)]); return true;
    case 'ArrowUp': focusNode(list[Math.max(at - 1, 0)]); return true;
    case 'Home': focusNode(list[0]); return true;
    case 'End': focusNode(list[list.length - 1]); return true;
    case 'ArrowRight':
      if (node.children.length && !node.isOpen && !treeShown) node.isOpen = true;
      else if (node.children.length) { focusNode(list[at + 1] || node); return true; }
      focusNode(node);
      return true;
    case 'ArrowLeft':
      if (node.isOpen && !treeShown) { node.isOpen = false; focusNode(node); }
      else focusNode(node.above || node);
      return true;
    case 'Enter': setWords('lineage:' + node.lineage); return true;
    default: return false;
  }
}

byId('tree').addEventListener('keydown', (event) => {
  if (!event.ctrlKey && !event.altKey && !event.metaKey && moveInTree(event.key))
    event.preventDefault();
});
byId('tree').addEventListener('click', (event) => {
  const item = event.target.closest('[role=treeitem]');
  if (!item) return;
  const node = nodes[Number(item.dataset.place)];
  node.isOpen = !node.isOpen;
  focusNode(node);
});
byId('more-tree').addEventListener('click', () => { treeLimit += kStep; drawTree(); });

function filterTree(filter, shown) {
  treeLimit = kStep;
  treeShown = undefined;
  if (isEmpty(filter)) return;
  treeShown = new Set();
  const show = (node) => {
    for (let at = node; at && !treeShown.has(at); at = at.above) treeShown.add(at);
  };
  for (const event of shown) show(nodeOf.get(event.boot + ':' + event.lineage));
  if (!filter.outcome && !filter.from && !filter.to)
    for (const node of nodes)
      if (filter.words.every((word) => wordHolds(word, node))) show(node);
}

// ---- records

let rowLimit = kStep;
let shownEvents = events;

function rowOf(event) {
  const row = element('tr');
  const outcome = event.outcome === 'other' ? '' :
    event.outcome === 'allowed' ? 'allowed' :
      (event.outcome === 'denied' ? 'denied: ' : 'would be denied: ') + event.reason;
  row.append(element('td', event.time.replace('T', ' ').slice(0, 23)));
  row.append(element('td', outcome, event.outcome));
  row.append(element('td', event.what));
  row.append(element('td', event.file || event.detail));
  row.append(element('td', event.by));
  row.append(element('td', event.uid < 0 ? '' : event.uid, 'number'));
  row.append(element('td', event.pid || '', 'number'));
  row.append(element('td', event.lineage === '0' ? '' : event.lineage, 'number'));
  row.append(element('td', event.unit));
  row.append(element('td', short(event.artifact)), element('td', short(event.digest)));
  row.append(element('td', event.id));
  row.children[9].title = event.artifact;
  row.children[10].title = event.digest;
  return row;
}

function drawRows() {
  // The latest first.
  const end = shownEvents.length;
  byId('rows').replaceChildren(
    ...shownEvents.slice(Math.max(0, end - rowLimit), end).reverse().map(rowOf));
  byId('more-rows').hidden = end <= rowLimit;
  byId('more-rows').textContent = 'Show more (' + (end - rowLimit) + ' left)';
}
byId('more-rows').addEventListener('click', () => { rowLimit += kStep; drawRows(); });

// ---- all of it

function update() {
  const filter = readFilter();
  shownEvents = isEmpty(filter) ? events : events.filter((event) => holds(filter, event));
  rowLimit = kStep;
  byId('matches').textContent = isEmpty(filter) ? '' :
    shownEvents.length + ' of ' + events.length + ' records';
  drawDenials(shownEvents);
  drawTimeline(shownEvents);
  filterTree(filter, shownEvents);
  drawTree();
  drawRows();
}

function summary() {
  const count = (outcome) => events.reduce((n, event) => n + (event.outcome === outcome), 0);
  const parts = [events.length + ' records', count('denied') + ' denied',
    count('observed') + ' would be denied', nodes.length + ' execs'];
  if (data.leftOut) parts.push(data.leftOut + ' older records are left out');
  if (data.unreadable) parts.push(data.unreadable + ' records could not be read');
  if (events.length) parts.push(events[0].time + ' to ' + events[events.length - 1].time);
  return parts.join(' · ') + ' · made ' + data.made + ' by warrant ' + data.version;
}

let waiting;
byId('filter').addEventListener('input', () => {
  clearTimeout(waiting);
  waiting = setTimeout(update, 150);
});
byId('filter').addEventListener('submit', (event) => { event.preventDefault(); update(); });
byId('filter').addEventListener('reset', () => setTimeout(update, 0));

// The first levels open, as far as a screen or two goes.
let open = 0;
for (const node of nodes)
  if (node.level <= 2 && open + node.children.length <= 100) {
    node.isOpen = node.children.length > 0;
    open += node.children.length;
  }
// A link to the page may hold a filter: report.html#filter=uid:0
const asked = new URLSearchParams(location.hash.slice(1)).get('filter');
if (asked) byId('words').value = asked;
byId('summary').textContent = summary();
update();
document.documentElement.dataset.state = 'ready';
