/** vimogen in WebAssembly: sentences to 3D human motion, in a page, in a worker or in Node. */

export interface Progress {
  /** Kind of work, such as `sample`. */
  stage: string;
  step: number;
  total: number;
}

export interface Note {
  kind: 'misspelt' | 'unknown-word' | 'unfamiliar' | 'too-many-actions' | 'count' | 'duration' | 'truncated';
  prompt: string;
  /** The words that it concerns. */
  words: string;
  /** Known wordings, best first. */
  suggestions: string[];
  message: string;
}

export interface Metric {
  name: string;
  about: string;
  /** Null where the metric is not defined. */
  value: number | null;
  unit: string;
  shown: string;
  word: string;
}

export interface Sampling {
  /** Seed of the noise, 42 unless given. The same seed and prompt give the same motion. */
  seed?: number;
  /** Steps from noise to motion. */
  steps?: number;
  /** Steps and solver together; `full` is the default. */
  quality?: 'full' | 'fast';
  solver?: 'euler' | 'heun' | 'ab2' | 'dpmpp';
  /** Weight of the prompt against the empty prompt. */
  guidance?: number;
  /** Called at each step, before `generate` returns. */
  onProgress?: (progress: Progress) => void;
}

export interface GenerateOptions extends Sampling {
  /** Length in seconds; 5 unless given. */
  seconds?: number;
  /** Length in frames at 20 per second, instead of `seconds`. */
  frames?: number;
  /** Constraints as in the files of vimogen, such as `[{ type: 'root', frame: 60, position: [0, 2] }]`. */
  constraints?: object[];
}

export interface SequenceOptions extends Sampling {
  /** Seconds of each sentence; 4 unless given. */
  seconds?: number[];
}

export type Edit =
  | { do: 'trim'; start?: number; end?: number }
  | { do: 'turn'; degrees: number }
  | { do: 'move'; x: number; y: number }
  | { do: 'mirror' }
  | { do: 'loop'; blend?: number }
  | { do: 'repeat'; times: number }
  | { do: 'hold'; seconds: number }
  | { do: 'speed'; factor: number }
  | { do: 'smooth'; seconds: number }
  | { do: 'fps'; fps: number }
  | { do: 'along'; points: [number, number][] }
  | { do: 'upper_body'; motion: string }
  | { do: 'then'; motion: string; blend?: number };

export type Format = 'npz' | 'npy' | 'pt' | 'bvh' | 'glb' | 'vrma' | 'fbx' | 'usda' | 'usdz' | 'csv' | 'html' | 'svg' | 'gif' | 'png';

export interface FileOptions {
  /** Names of the joints in formats with a skeleton. */
  joint_names?: string;
  /** Unit of length in formats that have several, such as `m` or `cm`. */
  file_unit?: string;
  /** Frame rate of the file. */
  fps?: number;
  /** Title of a page. */
  title?: string;
}

/** A request that is not carried out. */
export class VimogenError extends Error {
  /** Such as `InvalidArgumentError` or `NotFoundError`. */
  kind: string;
  /** The field at fault, if there is one. */
  field?: string;
}

/** A motion that the engine holds. */
export class Motion {
  readonly id: string;
  readonly frames: number;
  readonly fps: number;
  readonly seconds: number;
  readonly prompt?: string;
  readonly seed?: number;
  readonly metrics: Metric[];
  readonly notes: Note[];
  /** Places of 22 joints per frame: x, y, z in metres, z up. */
  joints(): Float32Array;
  /** Quaternions of 22 joints per frame: w, x, y, z, relative to the parent joint. */
  rotations(): Float32Array;
  /** Places of the body's vertices per frame, metres, z up; `Engine.faces()` connects them. */
  vertices(): Float32Array;
  /** The bytes of a file. */
  save(format: Format, options?: FileOptions): Uint8Array;
  /** The motion after edits, in their order. */
  edit(...steps: Edit[]): Motion;
}

/** The model. Its calls return when they are done: in a page, use it in a worker. */
export class Engine {
  /** Loads the module: an address, its bytes, or the compiled module. By default `vimogen.wasm` next to this file. */
  static load(source?: string | URL | ArrayBuffer | ArrayBufferView | WebAssembly.Module): Promise<Engine>;
  generate(prompt: string, options?: GenerateOptions): Motion;
  /** One motion of several sentences. */
  sequence(prompts: string[], options?: SequenceOptions): Motion;
  /** A motion from the bytes of a file, such as `bvh`, `glb` or `npz`. */
  open(bytes: Uint8Array, format: string): Motion;
  /** What of a sentence was not understood, with what to write instead. */
  notes(prompt: string): Note[];
  /** Triangles of the body, three numbers of vertices each. */
  faces(): Uint32Array;
  /** Formats of files, and which of them are read and written. */
  formats(): { name: string; extensions: string[]; description: string; reads: boolean; writes: boolean }[];
  /** Carries out a task of the engine: its fields and the bytes of a file to values and bytes. */
  call(task: string, fields?: object, data?: Uint8Array, onProgress?: (progress: Progress) => void): { values: any; bytes: Uint8Array };
}

/** As `Engine.load`. */
export function load(source?: Parameters<typeof Engine.load>[0]): Promise<Engine>;
