// The page of the interface, made from its OpenAPI document; requests can be tried.
import { get } from '/api.js';

const EXAMPLES = {
  '/api/generate': { prompt: 'a person walks forward', seconds: 5, seed: 42 }, '/api/sequence': { prompts: ['a person walks forward', 'a person sits down'], seconds: [4, 3] },
  '/api/notes': { prompt: 'a person plays the guitar' }, '/api/stream': { prompt: 'a person walks forward', seconds: 4 },
  '/api/edit': { motion: 'ID', steps: [{ do: 'mirror' }] }, '/api/score': { motion: 'ID' }, '/api/render': { motion: 'ID', format: 'png' },
  '/api/convert': { motion: 'ID', format: 'bvh' }, '/api/variations': { motion: 'ID', n: 2 },
};
const make = (tag, parent, text) => { const node = document.createElement(tag); if (text !== undefined) node.textContent = text; parent.append(node); return node; };

function kind(schema) {
  if (schema.enum) return schema.enum.join(', ');
  if (schema.oneOf) return schema.oneOf.map(kind).join(' or ');
  if (schema.type === 'array') return `list of ${kind(schema.items)}`;
  const low = schema.minimum ?? schema.exclusiveMinimum;
  return [schema.type].flat().join(' or ') + (low === undefined ? '' : `, ${low} to ${schema.maximum}`);
}

function entry(path, method, about) {
  const box = make('details', document.getElementById('paths')), head = make('summary', box);
  make('b', head, method.toUpperCase()); make('code', head, path); make('span', head, about.summary);
  const rows = (about.parameters || []).map((p) => [p.name, kind(p.schema), p.description || '']);
  const body = about.requestBody?.content['application/json']?.schema;
  for (const [name, schema] of Object.entries(body?.properties || {})) rows.push([name, kind(schema), schema.description]);
  const table = make('table', box);
  for (const row of rows) { const line = make('tr', table); row.forEach((cell, i) => make(i ? 'td' : 'td', line, cell)); }
  if (!EXAMPLES[path] && (method !== 'get' || path.includes('{'))) return;
  const text = body && make('textarea', box), button = make('button', box, 'Try it'), out = make('pre', box, '');
  if (text) text.value = JSON.stringify(EXAMPLES[path], null, 2);
  button.onclick = async () => {
    const token = sessionStorage.getItem('vimogen.token'), headers = { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    const answer = await fetch(path, body ? { method: 'POST', headers, body: text.value } : { headers });
    out.textContent = `${answer.status} ${answer.headers.get('content-type')}\n${(await answer.text()).slice(0, 4000)}`;
  };
}

const found = await get('/api/openapi.json');
document.getElementById('about').textContent = found.info.description;
for (const [path, methods] of Object.entries(found.paths)) for (const [method, about] of Object.entries(methods)) entry(path, method, about);
