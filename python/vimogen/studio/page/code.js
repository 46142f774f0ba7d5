// A request as a program: Python, shell, curl, JSON.

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const python = (value) => JSON.stringify(value).replaceAll('true', 'True').replaceAll('false', 'False').replaceAll('null', 'None');
const options = (request) => Object.entries(request).filter(([name]) => ['quality', 'num_inference_steps', 'solver', 'guidance_scale'].includes(name));
const flags = { num_inference_steps: 'steps', guidance_scale: 'guidance' };
const STEPS = {
  mirror: ['mirrored()', '--mirror'], loop: ['loop()', '--loop'],
  repeat: ['repeated(%)', '--repeat %', 'times'], hold: ['hold(%)', '--hold %', 'seconds'], turn: ['turned(%)', '--turn %', 'degrees'],
  speed: ['retimed(%)', '--speed %', 'factor'], smooth: ['smoothed(%)', '--smooth %', 'seconds'],
};

// A take is {task, request, from, seed}: `from` is the take that it was made of.
export function code(take, language) {
  if (language === 'json') return JSON.stringify({ address: `/api/${take.task}`, request: take.request }, null, 2);
  if (language === 'curl') {
    const one = take.task === 'generate' ? { n: undefined, seed: take.seed } : {};
    const body = quoted(JSON.stringify({ ...take.request, ...one, format: 'bvh' }));
    return `curl ${location.origin}/api/${take.task} -H 'Content-Type: application/json' \\\n  -d ${body} -o motion.bvh`;
  }
  if (take.task === 'stream') return '';
  if (language === 'c') return inC(take);
  const lines = language === 'python' ? inPython(take) : inShell(take);
  return lines.join('\n');
}

function inPython(take) {
  const { task, request } = take;
  const more = options(request).map(([name, value]) => `, ${name}=${python(value)}`).join('');
  const head = ['import vimogen', ''];
  if (task === 'sequence') {
    return [...head, 'pipe = vimogen.Pipeline.from_pretrained()',
      `motion, report = pipe.sequence(${python(request.prompts)}, ${python(request.seconds)}, seed=${request.seed}${more})`, 'motion.save("motion.bvh")'];
  }
  if (task === 'generate' && (request.constraints || request.keep)) {
    const keep = (request.keep || []).map((key) => `constraints.keep(${key.frame}, vimogen.Motion.load("take.npz")[${key.start}:${key.start + 1}])`);
    return [...head, 'pipe = vimogen.Pipeline.from_pretrained()', `constraints = vimogen.Constraints(${python(request.constraints || [])})`, ...keep,
      `motion, met = pipe.constrained(${python(request.prompt)}, constraints, num_frames=${request.num_frames}, seed=${take.seed}${more})`,
      'motion.save("motion.bvh")'];
  }
  if (task === 'generate' && request.prompt) {
    return [...head, `motion = vimogen.generate(${python(request.prompt)}, num_frames=${request.num_frames}, seed=${take.seed}${more})`, 'motion.save("motion.bvh")'];
  }
  const lines = [...head, 'motion = vimogen.Motion.load("motion.npz")'];
  for (const step of request.steps || []) {
    if (step.do === 'upper_body') lines.push('motion = motion.with_upper_body(vimogen.Motion.load("other.npz"))');
    else if (step.do === 'then') lines.push('motion = motion.then(vimogen.Motion.load("next.npz"))');
    else if (STEPS[step.do]) lines.push(`motion = motion.${STEPS[step.do][0].replace('%', step[STEPS[step.do][2]])}`);
  }
  if (request.prompt) lines.push(`motion = vimogen.Pipeline.from_pretrained().edit(motion, ${python(request.prompt)}, seed=${take.seed ?? 42})`);
  if (request.reference) lines.push(`motion = vimogen.generate(reference=motion, seed=${take.seed})`);
  return [...lines, 'motion.save("motion.bvh")'];
}

const solvers = { euler: 'EULER', heun: 'HEUN', ab2: 'AB2', dpmpp: 'DPMPP' };

function inC({ task, request, seed }) {
  if (task !== 'generate' || !request.prompt || request.keep) return '';
  const text = (value) => JSON.stringify(value).replaceAll('?', '\\?');
  const fast = request.quality === 'fast' ? '_fast' : '';
  const fields = [`  params.num_frames = ${request.num_frames};`, `  params.seed = ${seed}u;`];
  if (request.num_inference_steps) fields.push(`  params.num_inference_steps = ${request.num_inference_steps};`);
  if (request.solver) fields.push(`  params.solver = VIMOGEN_SOLVER_${solvers[request.solver]};`);
  const rows = request.constraints && text(JSON.stringify({ constraints: request.constraints }));
  const call = rows
    ? `vimogen_generate_constrained(pipeline, ${text(request.prompt)},\n      ${rows},\n      &params, &motion)`
    : `vimogen_generate(pipeline, ${text(request.prompt)}, &params, &motion)`;
  return ['#include <stdio.h>', '#include <vimogen.h>', '', 'int main(void) {', '  vimogen_pipeline *pipeline = NULL;', '  vimogen_motion *motion = NULL;',
    '  vimogen_generate_params params;', `  vimogen_status status = vimogen_generate_params_init${fast}(&params, sizeof params);`, ...fields,
    '  if (!status) status = vimogen_pipeline_load(NULL, NULL, &pipeline);', `  if (!status) status = ${call};`,
    '  if (!status) status = vimogen_motion_save(motion, "motion.bvh");', '  if (status) fprintf(stderr, "error: %s\\n", vimogen_last_error());',
    '  vimogen_motion_free(motion);', '  vimogen_pipeline_free(pipeline);', '  return status ? 1 : 0;', '}'].join('\n');
}

function inShell(take) {
  const { task, request } = take;
  if (request.keep) return [];
  const more = options(request).map(([name, value]) => ` --${flags[name] || name} ${value}`).join('');
  if (task === 'sequence') {
    const parts = request.prompts.map((prompt, i) => quoted(`${prompt}:${request.seconds[i]}`)).join(' ');
    return [`vimogen sequence ${parts} --seed ${request.seed}${more} -o motion.bvh`];
  }
  if (task === 'generate' && request.prompt) {
    const call = `vimogen generate ${quoted(request.prompt)} --frames ${request.num_frames} --seed ${take.seed}${more}`;
    if (!request.constraints) return [`${call} -o motion.bvh`];
    const rows = JSON.stringify({ constraints: request.constraints });
    return [`cat > there.json <<'END'`, rows, 'END', `${call} --constraints there.json -o motion.bvh`];
  }
  if (request.reference) return [`vimogen generate --reference motion.npz --seed ${take.seed} -o motion.bvh`];
  const steps = (request.steps || []).map((step) => (STEPS[step.do] ? STEPS[step.do][1].replace('%', step[STEPS[step.do][2]]) : '')).filter(Boolean);
  if ((request.steps || []).some((step) => step.do === 'upper_body')) steps.push('--upper-body other.npz');
  const prompt = request.prompt ? ` --prompt ${quoted(request.prompt)}` : '';
  if ((request.steps || []).some((step) => step.do === 'then')) return ['vimogen join motion.npz next.npz -o motion.bvh'];
  return [`vimogen edit motion.npz ${steps.join(' ')}${prompt} -o motion.bvh`];
}
