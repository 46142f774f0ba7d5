// Takes that were made, in the browser's own database: with their files, so that a new server can show them again.

const NAME = 'vimogen', STORE = 'takes', KEPT = 60;

let opened;
function database() {
  opened ||= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function within(mode, use) {
  const store = (await database()).transaction(STORE, mode).objectStore(STORE);
  return new Promise((resolve, reject) => {
    const request = use(store);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

// A private window may have no database: then there is no history, and nothing else changes.
const quietly = (work, otherwise) => work.catch(() => otherwise);

export async function keep(take) {
  await quietly(within('readwrite', (store) => store.put(take)));
  const all = await list();
  for (const old of all.slice(KEPT)) await quietly(within('readwrite', (store) => store.delete(old.id)));
}

export async function list() {
  const all = await quietly(within('readonly', (store) => store.getAll()), []);
  return (all || []).sort((a, b) => b.when - a.when);
}

export const find = (id) => quietly(within('readonly', (store) => store.get(id)));
export const clear = () => quietly(within('readwrite', (store) => store.clear()));

// The state of the page, for the next visit.
export function save(scene) {
  try {
    localStorage.setItem('vimogen.scene', JSON.stringify(scene));
  } catch { /* full or forbidden: the page begins empty next time */ }
}

export function saved() {
  try {
    return JSON.parse(localStorage.getItem('vimogen.scene'));
  } catch {
    return null;
  }
}
