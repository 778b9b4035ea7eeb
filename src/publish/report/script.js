// Everything is on the page without this file; it filters, sorts, and says the numbers of a chart where they are drawn.
// What it needs to know it reads from the page: a result_id is
// measure/population/period/site/condition/stratum/horizon/estimand/statistic.
(() => {
  'use strict';
  const CONDITION = 4, HORIZON = 6, ALL = 'all';
  const element = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const rowsOf = (table) => [...table.tBodies[0].rows];
  const ids = (row) => [...row.querySelectorAll('[data-result]')].flatMap((cell) => cell.dataset.result.split(' '));

  // The levels a row is about; one that stands for several hidden conditions is about each.
  const levels = (row, part) => new Set(ids(row).map((id) => id.split('/')[part]));
  const only = (entry) => (entry.levels.size === 1 ? [...entry.levels][0] : null);

  // Tables whose rows differ in a part, with the levels of every row.
  const varying = (part) => [...document.querySelectorAll('main table')].flatMap((table) => {
    const rows = rowsOf(table).map((row) => ({ row, levels: levels(row, part) }));
    const known = new Set(rows.map(only).filter((level) => level && level !== ALL));
    return known.size > 1 ? [{ table, rows }] : [];
  });

  const filters = [
    { part: CONDITION, name: 'Condition', every: 'All conditions' },
    { part: HORIZON, name: 'Time since first infusion', every: 'All times' },
  ].map((filter) => ({ ...filter, tables: varying(filter.part) })).filter((filter) => filter.tables.length);

  const said = element('output', { className: 'filtered' });
  const apply = () => {
    const hidden = new Set();
    const chosen = [];
    for (const filter of filters) {
      const wanted = filter.select.value;
      if (wanted === ALL) continue;
      chosen.push(filter.select.selectedOptions[0].textContent);
      for (const { rows } of filter.tables) {
        for (const entry of rows) if (entry.levels.size && !entry.levels.has(wanted) && !entry.levels.has(ALL)) hidden.add(entry.row);
      }
    }
    for (const { tables } of filters) for (const { rows } of tables) for (const { row } of rows) row.hidden = hidden.has(row);
    said.textContent = chosen.length ? `Tables show only: ${chosen.join(', ')}. Charts and sentences show everybody.` : '';
  };

  const controls = () => {
    const form = element('form', { className: 'filters' });
    form.setAttribute('aria-label', 'Filter the tables');
    for (const filter of filters) {
      const names = new Map();
      // A table with one row a level names the level in its first column; others may name a site or a definition there.
      const naming = (rows) => rows.every((one, at) => rows.findIndex((other) => only(other) === only(one)) === at);
      const tables = [...filter.tables].sort((one, other) => naming(other.rows) - naming(one.rows));
      for (const { rows } of tables) {
        for (const entry of rows) {
          const known = only(entry);
          if (known && known !== ALL && !names.has(known)) names.set(known, entry.row.cells[0].firstChild.textContent.trim());
        }
      }
      const options = [...names].map(([value, name]) => element('option', { value }, name));
      filter.select = element('select', { id: `filter-${filter.part}` }, element('option', { value: ALL }, filter.every), ...options);
      filter.select.addEventListener('change', apply);
      form.append(element('label', { htmlFor: filter.select.id }, filter.name), filter.select);
    }
    form.addEventListener('submit', (event) => event.preventDefault());
    form.append(said);
    document.querySelector('nav').after(form);
  };

  // The first number of a cell; hidden ones have none and go last.
  const number = (cell) => {
    const shown = cell.querySelector('.num');
    const found = shown && shown.textContent.replace('\u2212', '-').replaceAll(',', '').match(/-?\d+(\.\d+)?/);
    return found ? Number(found[0]) : null;
  };
  const compare = (column, numeric) => (one, other) => {
    if (!numeric) return one.cells[column].textContent.localeCompare(other.cells[column].textContent, 'en');
    const [a, b] = [number(one.cells[column]), number(other.cells[column])];
    if (a === null || b === null) return (a === null) - (b === null);
    return a - b;
  };
  const NEXT = { none: 'ascending', ascending: 'descending', descending: 'none' };

  const sortable = (table) => {
    const original = rowsOf(table);
    if (original.length < 3) return;
    // Everybody stays on top: the other rows are read against it.
    const top = original.filter((row) => row.cells[0].textContent.trim() === 'All patients');
    const rest = original.filter((row) => !top.includes(row));
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const numeric = rest.some((row) => row.cells[column].querySelector('.num'));
      if (!numeric && column > 0) return;
      const button = element('button', { type: 'button', className: 'sort' }, ...head.childNodes);
      head.append(button);
      head.setAttribute('aria-sort', 'none');
      button.addEventListener('click', () => {
        const order = NEXT[head.getAttribute('aria-sort')];
        for (const other of heads) if (other.hasAttribute('aria-sort')) other.setAttribute('aria-sort', 'none');
        head.setAttribute('aria-sort', order);
        const by = compare(column, numeric);
        let sorted = rest;
        if (order !== 'none') {
          const known = numeric ? rest.filter((row) => number(row.cells[column]) !== null) : rest;
          sorted = [...known].sort(by);
          if (order === 'descending') sorted.reverse();
          sorted = [...sorted, ...rest.filter((row) => !known.includes(row))];
        }
        table.tBodies[0].append(...top, ...sorted);
      });
    });
  };

  // A chart's numbers, in the order of its table: pointed at, or stepped through with the arrow keys.
  const readable = (figure) => {
    const table = figure.querySelector('details table');
    if (!table) return;
    const texts = rowsOf(table).map((row) => {
      const [name, size, value] = [...row.cells].map((cell) => cell.textContent.trim());
      return `${name}: ${value} (n ${size})`;
    });
    for (const plot of figure.querySelectorAll('.wide, .narrow')) {
      const spots = [...plot.querySelectorAll('circle.value')];
      const tip = element('output', { className: 'tip', hidden: true });
      let at = -1;
      const show = (index) => {
        at = index;
        const spot = spots.find((one) => Number(one.dataset.row) === index);
        for (const other of spots) other.classList.toggle('at', other === spot);
        tip.textContent = texts[index];
        tip.hidden = false;
        const frame = plot.getBoundingClientRect();
        const place = spot ? spot.getBoundingClientRect() : { left: frame.left, width: 0, top: frame.top + 34 };
        const left = place.left - frame.left + place.width / 2 - tip.offsetWidth / 2;
        tip.style.left = `${Math.max(0, Math.min(left, frame.width - tip.offsetWidth))}px`;
        tip.style.top = `${Math.max(0, place.top - frame.top - tip.offsetHeight - 6)}px`;
      };
      const hide = () => {
        at = -1;
        tip.hidden = true;
        for (const spot of spots) spot.classList.remove('at');
      };
      plot.tabIndex = 0;
      plot.setAttribute('role', 'group');
      plot.setAttribute('aria-label', `${figure.querySelector('h3').textContent}. Arrow keys say its numbers.`);
      plot.append(tip);
      plot.addEventListener('keydown', (event) => {
        const steps = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: texts.length - 1 };
        if (event.key === 'Escape') hide();
        if (!(event.key in steps)) return;
        event.preventDefault();
        show(Math.max(0, Math.min(texts.length - 1, steps[event.key])));
      });
      plot.addEventListener('pointermove', (event) => {
        const near = spots.map((spot) => {
          const box = spot.getBoundingClientRect();
          return { row: Number(spot.dataset.row), far: Math.hypot(box.left + box.width / 2 - event.clientX, box.top + box.height / 2 - event.clientY) };
        }).sort((one, other) => one.far - other.far)[0];
        if (near && near.far < 40) show(near.row); else if (document.activeElement !== plot) hide();
      });
      plot.addEventListener('pointerleave', () => { if (document.activeElement !== plot) hide(); });
      plot.addEventListener('blur', hide);
    }
  };

  // A table wider than its box says so; a folded one is measured when it is opened.
  const sized = new ResizeObserver((boxes) => {
    for (const { target } of boxes) target.classList.toggle('wider', target.scrollWidth > target.clientWidth + 1);
  });
  document.querySelectorAll('.scroll').forEach((box) => sized.observe(box));

  if (filters.length) controls();
  document.querySelectorAll('main table').forEach(sortable);
  document.querySelectorAll('figure.chart').forEach(readable);
})();
