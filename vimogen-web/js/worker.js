// The engine in a worker: requests come as messages and are carried out one after the other.
import { load } from './vimogen.js';

const engine = load();

addEventListener('message', async ({ data: { number, task, fields, data } }) => {
  try {
    const { values, bytes } = (await engine).call(task, fields, data && new Uint8Array(data), (progress) => postMessage({ number, progress }));
    postMessage({ number, values, bytes: bytes.buffer }, [bytes.buffer]);
  } catch (error) {
    const { message, kind, field } = error;
    postMessage({ number, error: { message, kind, field } });
  }
});
