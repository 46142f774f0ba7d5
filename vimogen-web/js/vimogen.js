// vimogen in WebAssembly: sentences to 3D human motion, in a page, in a worker or in Node. Nothing is sent anywhere.

const NAMES = { frames: 'num_frames', steps: 'num_inference_steps', guidance: 'guidance_scale' };
const encoder = new TextEncoder(), decoder = new TextDecoder();

// A request that is not carried out: `kind` such as InvalidArgumentError, and the `field` at fault.
export class VimogenError extends Error {
  constructor({ message, type, field }) {
    super(message);
    Object.assign(this, { name: 'VimogenError', kind: type, field: field ?? undefined });
  }
}

// The module of a place: an address, its bytes, or the module itself.
async function compiled(source) {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return WebAssembly.compile(source);
  const address = new URL(source, import.meta.url);
  if (address.protocol === 'file:') {
    const { readFile } = await import('node:fs/promises');
    return WebAssembly.compile(await readFile(address));
  }
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address} cannot be read: ${answer.status} ${answer.statusText}`);
  // Some hosts do not know the type of .wasm files.
  if (!answer.headers.get('Content-Type')?.startsWith('application/wasm')) return WebAssembly.compile(await answer.arrayBuffer());
  return WebAssembly.compileStreaming(answer);
}

// Functions of the browser that crates name. Random numbers become names of parameters: no motion depends on them.
function browser(module, memory) {
  const imports = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    imports[from] ||= {};
    if (kind !== 'function') continue;
    imports[from][name] = name.startsWith('__wbg_getRandomValues_')
      ? (at, length) => { crypto.getRandomValues(new Uint8Array(memory(), at, length)); }
      : () => { throw new Error(`${name} is not here`); };
  }
  return imports;
}

export class Engine {
  // Loads the module, which holds the model.
  static async load(source = './vimogen.wasm') {
    const engine = new Engine(), module = await compiled(source), imports = browser(module, () => engine.wasm.memory.buffer);
    imports.vimogen = {
      progress: (at, length, step, total) => engine.report?.({ stage: engine.text(at, length), step, total }),
      panicked: (at, length) => { engine.fault = engine.text(at, length); },
    };
    engine.wasm = (await WebAssembly.instantiate(module, imports)).exports;
    return engine;
  }

  // Carries out a task of the engine: its fields and the bytes of a file to values and bytes.
  call(task, fields = {}, data = new Uint8Array(), onProgress = undefined) {
    if (this.fault) throw new VimogenError({ type: 'InternalError', message: `the engine failed before and has to be loaded again: ${this.fault}` });
    const { wasm } = this, inputs = [encoder.encode(JSON.stringify({ task, ...fields })), data];
    inputs.forEach((bytes, i) => {
      // The address comes first: the call may replace the memory's buffer.
      const at = wasm.vimogen_input(i, bytes.length);
      new Uint8Array(wasm.memory.buffer, at, bytes.length).set(bytes);
    });
    this.report = onProgress;
    try {
      wasm.vimogen_call();
    } catch (error) {
      this.fault ||= error.message;
      throw new VimogenError({ type: 'InternalError', message: `the engine failed: ${this.fault}` });
    } finally {
      this.report = undefined;
    }
    const [json, bytes] = [0, 1].map((i) => new Uint8Array(wasm.memory.buffer, wasm.vimogen_output(i), wasm.vimogen_output_length(i)).slice());
    const values = JSON.parse(decoder.decode(json));
    if (values.error) throw new VimogenError(values.error);
    return { values, bytes };
  }

  text(at, length) {
    return decoder.decode(new Uint8Array(this.wasm.memory.buffer, at, length).slice());
  }

  // A motion from a sentence. Options: seconds or frames, seed, steps, quality, solver, guidance, constraints, onProgress.
  generate(prompt, options = {}) {
    return this.made('generate', { prompt, ...options });
  }

  // One motion of several sentences; seconds is a list of durations.
  sequence(prompts, options = {}) {
    return this.made('sequence', { prompts, ...options });
  }

  made(task, { onProgress, ...options }) {
    const fields = Object.fromEntries(Object.entries(options).map(([name, value]) => [NAMES[name] || name, value]));
    const { values } = this.call(task, fields, undefined, onProgress);
    return new Motion(this, values.motions[0], values.notes);
  }

  // A motion from the bytes of a file, such as 'bvh', 'glb' or 'npz'.
  open(bytes, format) {
    const { values } = this.call('upload', { format }, bytes);
    return new Motion(this, values.motions[0]);
  }

  // Notes on the words of a sentence that are not understood, with suggestions.
  notes(prompt) {
    return this.call('notes', { prompt }).values.notes;
  }

  // Triangles of the body, three numbers of vertices each.
  faces() {
    return new Uint32Array(this.call('faces').bytes.buffer);
  }

  // Formats of files, and which of them are read and written.
  formats() {
    return this.call('about').values.formats;
  }
}

// A motion that the engine holds.
export class Motion {
  constructor(engine, record, notes = []) {
    const { id, frames, fps, seconds, prompt, seed, metrics } = record;
    Object.assign(this, { engine, id, frames, fps, seconds, prompt, seed, metrics, notes });
  }

  array(name) {
    return new Float32Array(this.engine.call('array', { motion: this.id, name }).bytes.buffer);
  }

  // 22 places per frame: x, y, z in metres, z up.
  joints() { return this.array('joints'); }

  // 22 quaternions per frame: w, x, y, z, relative to the parent joint.
  rotations() { return this.array('rotations'); }

  // The places of the body's vertices per frame; Engine.faces() connects them.
  vertices() { return this.array('vertices'); }

  // The bytes of a file: 'bvh', 'glb', 'npz', 'vrma', 'fbx', 'usda', 'html', 'gif' and more.
  save(format, options = {}) {
    return this.engine.call('file', { motion: this.id, format, ...options }).bytes;
  }

  // After edits, such as {do: 'mirror'} or {do: 'hold', seconds: 1}.
  edit(...steps) {
    const { values } = this.engine.call('edit', { motion: this.id, steps });
    return new Motion(this.engine, values.motions[0]);
  }
}

export const load = (source) => Engine.load(source);
