// The stage: takes side by side on one clock, a path on the floor, targets of hands and feet.
import { Scene, SIDES, Surface, decode } from './renderer.js';

export const HANDLES = { left_wrist: 20, right_wrist: 21, left_ankle: 7, right_ankle: 8, head: 15, pelvis: 0 };
const POSE = 7; // 16-bit integers per joint: a quaternion, a position
const NEAR = 20; // CSS pixels within which a handle is caught
const HOME = { yaw: 0.6, pitch: 0.2, zoom: 1 };
const FLOOR = { yaw: Math.PI, pitch: 1, zoom: 0.55 };

const seconds = (clip) => (clip.frames - 1) / clip.fps;

export class Stage {
  // `on` has choose(i), path(points), target(joint, frame, position), moved(frame), badge(box, take, i).
  constructor(root, common, on) {
    Object.assign(this, { root, common, on, views: [], chosen: 0, solo: false, tool: '', path: [], targets: [] });
    this.surface = common.mesh && new Surface(common.mesh);
    this.view = { ...HOME, follow: true, trail: true, mesh: true, tint: true };
    this.time = 0; this.playing = false; this.speed = 1; this.dirty = true; this.last = 0; this.drawn = 0;
    this.made = new WeakMap();
    new ResizeObserver(() => { this.arrange(); this.draw(); }).observe(root);
    requestAnimationFrame((now) => { this.last = now; this.tick(now); });
  }

  // Shows takes {id, title, line, clip}; a view is kept as long as its take is shown.
  show(takes, chosen) {
    this.views = takes.map((take, i) => {
      const view = this.made.get(take) || this.panel(take);
      this.made.set(take, view);
      view.caption.firstChild.textContent = take.title;
      view.caption.lastChild.textContent = take.line || '';
      view.badge.replaceChildren();
      this.on.badge(view.badge, take, i);
      return view;
    });
    this.root.replaceChildren(...this.views.map((view) => view.box));
    this.chosen = Math.min(Math.max(chosen, 0), Math.max(takes.length - 1, 0));
    const wander = Math.max(0, ...this.views.map((view) => view.scene.clip.wander));
    if (!this.set && this.views.length) { this.view.follow = wander > 0.8; this.view.trail = true; }
    this.arrange();
    if (this.views.length && this.time > this.end()) this.time = 0;
  }

  panel(take) {
    const box = document.createElement('figure'), canvas = document.createElement('canvas'), caption = document.createElement('figcaption');
    const badge = document.createElement('div');
    caption.append(document.createElement('b'), document.createElement('span'));
    badge.className = 'badge';
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', `Moving figure: ${take.title}. Drag to look around, scroll to zoom.`);
    box.append(canvas, caption, badge);
    const scene = new Scene(decode(take.clip, this.common.points), this.common.parts, this.surface, canvas, caption);
    const view = { take, box, canvas, caption, badge, scene };
    this.listen(view);
    return view;
  }

  arrange() {
    const count = this.solo ? 1 : this.views.length, { clientWidth: w, clientHeight: h } = this.root;
    this.views.forEach((view, i) => {
      view.box.hidden = this.solo && i !== this.chosen;
      view.box.setAttribute('aria-current', String(i === this.chosen && this.views.length > 1));
    });
    let columns = 1, best = 0;
    for (let c = 1; c <= count; c++) {
      // A figure needs more height than width.
      const side = Math.min(w / c / 0.62, h / Math.ceil(count / c));
      if (side > best * 1.02) { best = side; columns = c; }
    }
    this.root.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    this.dirty = true;
  }

  shown() { return this.views.filter((_, i) => !this.solo || i === this.chosen); }
  lead() { return this.views[this.chosen]?.scene.clip; }
  end() { return Math.max(0, ...this.shown().map((view) => seconds(view.scene.clip))); }
  frame() { const clip = this.lead(); return clip ? Math.min(Math.round(this.time * clip.fps), clip.frames - 1) : 0; }
  seek(frame) { const clip = this.lead(); if (!clip) return; this.play(false); this.time = Math.max(0, frame) / clip.fps; this.time = Math.min(this.time, this.end()); this.dirty = true; }

  play(on) {
    if (on && this.time >= this.end()) this.time = 0;
    this.playing = on && this.views.length > 0;
    this.dirty = true;
    this.on.playing(this.playing);
  }

  use(tool) {
    const before = this.tool;
    this.tool = tool;
    document.body.dataset.tool = tool;
    if (tool === 'path') { this.saved = { ...this.view }; Object.assign(this.view, FLOOR, { follow: false }); this.play(false); this.time = 0; }
    else if (before === 'path' && this.saved) Object.assign(this.view, this.saved);
    if (tool === 'targets') this.play(false);
    this.dirty = true;
  }

  home() { Object.assign(this.view, this.tool === 'path' ? FLOOR : HOME); this.dirty = true; }

  look(dx, dy) {
    this.view.yaw += dx * 0.008;
    this.view.pitch = Math.min(1.5, Math.max(-0.05, this.view.pitch + dy * 0.006));
    this.dirty = true;
  }

  zoom(factor) { this.view.zoom = Math.min(8, Math.max(0.15, this.view.zoom * factor)); this.dirty = true; }

  colours() {
    const style = getComputedStyle(document.documentElement), probe = document.createElement('canvas').getContext('2d');
    const theme = {};
    for (const name of ['--grid', '--shadow', '--trail', '--path', '--target', '--ink', '--stage-in', ...SIDES]) {
      probe.fillStyle = style.getPropertyValue(name).trim();
      const css = probe.fillStyle;
      theme[name] = { css, rgb: [1, 3, 5].map((i) => parseInt(css.slice(i, i + 2), 16)) };
    }
    theme.dark = document.documentElement.dataset.theme === 'dark';
    this.theme = theme;
    this.dirty = true;
  }

  tick(now) {
    const passed = Math.min((now - this.last) / 1000, 0.1) * this.speed, end = this.end();
    this.last = now;
    if (this.live) {
      this.time = this.live(passed);
      this.dirty = true;
    } else if (this.playing && passed) {
      this.time += passed;
      if (this.time > end) this.time = end > 0 ? this.time % end : 0;
      this.dirty = true;
    }
    requestAnimationFrame((then) => this.tick(then));
    if (this.dirty) this.draw();
  }

  draw() {
    if (!this.theme) return;
    this.dirty = false;
    const start = performance.now();
    let ink = 0;
    this.shown().forEach((view) => {
      const { scene, canvas } = view, at = this.time * scene.clip.fps;
      ink += scene.draw(this.view, at, this.theme);
      if (canvas.clientWidth) this.marks(view, at);
    });
    const spent = performance.now() - start;
    this.slow = this.playing ? 0.8 * (this.slow || 0) + 0.2 * spent : 0;
    if (this.slow > 24) this.shown().forEach(({ scene }) => { scene.detail = Math.max(1, scene.detail - 0.25); });
    Object.assign(document.body.dataset, { drawn: ++this.drawn, ink, frame: this.frame(), ms: spent.toFixed(1) });
    this.on.moved(this.frame());
  }

  camera(view) {
    const { scene, canvas } = view;
    return scene.camera(this.view, this.time * scene.clip.fps, canvas.clientWidth, canvas.clientHeight);
  }

  // Place of a joint at a frame, above the clip's own floor.
  joint(clip, frame, joint) {
    const t = Math.min(Math.max(Math.round(frame), 0), clip.frames - 1), o = (t * this.common.mesh.joints.length + joint) * POSE + 4;
    const at = [0, 1, 2].map((c) => clip.turns[o + c] * clip.pose.step + clip.pose.centre[c]);
    at[2] -= clip.floor;
    return at;
  }

  marks(view, at) {
    const g = view.scene.context, camera = this.camera(view), { theme } = this;
    const spot = (p) => camera.project(p[0], p[1], p[2] || 0);
    if (this.path.length > 1) {
      g.lineWidth = 5; g.lineJoin = g.lineCap = 'round'; g.strokeStyle = g.fillStyle = theme['--path'].css; g.globalAlpha = 0.85;
      g.beginPath();
      this.path.map(spot).forEach((p, i) => (i ? g.lineTo(p.x, p.y) : g.moveTo(p.x, p.y)));
      g.stroke();
      const end = spot(this.path.at(-1));
      g.beginPath(); g.arc(end.x, end.y, 8, 0, 7); g.fill();
      g.globalAlpha = 1;
    }
    const clip = view.scene.clip;
    for (const target of this.targets) {
      const p = spot([target.position[0], target.position[1], target.position[2] - clip.floor]), now = Math.abs(target.frame - at) < 1.5;
      const j = spot(this.joint(clip, at, HANDLES[target.joint]));
      g.globalAlpha = now ? 1 : 0.45;
      g.strokeStyle = g.fillStyle = theme['--target'].css;
      g.lineWidth = 1.5; g.setLineDash([4, 4]);
      g.beginPath(); g.moveTo(j.x, j.y); g.lineTo(p.x, p.y); g.stroke();
      g.setLineDash([]);
      g.save(); g.translate(p.x, p.y); g.rotate(Math.PI / 4); g.fillRect(-6, -6, 12, 12); g.restore();
    }
    g.globalAlpha = 1;
    if (this.tool === 'targets' && view === this.views[this.chosen]) {
      for (const [name, joint] of Object.entries(HANDLES)) {
        const p = spot(this.joint(clip, at, joint)), hot = this.hot === name;
        g.beginPath(); g.arc(p.x, p.y, hot ? 11 : 8, 0, 7);
        g.lineWidth = 3; g.strokeStyle = theme['--target'].css; g.fillStyle = theme['--stage-in'].css;
        g.globalAlpha = 0.75; g.fill(); g.globalAlpha = 1; g.stroke();
      }
    }
  }

  // Direction of the ray through a point of the canvas, one metre deep.
  ray(camera, x, y) {
    return [0, 1, 2].map((i) => -camera.back[i] + camera.right[i] * (x - camera.cx) / camera.focal - camera.up[i] * (y - camera.cy) / camera.focal);
  }

  onFloor(view, x, y) {
    const camera = this.camera(view), d = this.ray(camera, x, y), t = -camera.eye[2] / d[2];
    return t > 0 && t < 60 ? [camera.eye[0] + t * d[0], camera.eye[1] + t * d[1]] : null;
  }

  // The handle or target under a point.
  caught(view, x, y) {
    if (this.tool !== 'targets' || view !== this.views[this.chosen]) return null;
    const camera = this.camera(view), clip = view.scene.clip, frame = this.frame();
    const found = Object.entries(HANDLES).map(([name, joint]) => ({ joint: name, at: this.joint(clip, frame, joint) }));
    for (const target of this.targets) {
      if (target.frame === frame) found.push({ joint: target.joint, at: [target.position[0], target.position[1], target.position[2] - clip.floor] });
    }
    const near = found.map((entry) => ({ ...entry, p: camera.project(...entry.at) })).map((entry) => ({ ...entry, away: Math.hypot(entry.p.x - x, entry.p.y - y) }));
    const best = near.reduce((a, b) => (b.away < a.away ? b : a));
    return best.away < NEAR ? best : null;
  }

  listen(view) {
    const { canvas } = view, down = new Map();
    let drag = null, moved = 0;
    const place = (e) => { const box = canvas.getBoundingClientRect(); return [e.clientX - box.left, e.clientY - box.top]; };
    const spread = () => { const [a, b] = [...down.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]); };
    canvas.addEventListener('pointerdown', (e) => {
      canvas.setPointerCapture(e.pointerId);
      down.set(e.pointerId, [e.clientX, e.clientY]);
      moved = 0;
      const [x, y] = place(e);
      if (this.tool === 'path' && e.button === 0 && !e.shiftKey) {
        const at = this.onFloor(view, x, y);
        drag = { kind: 'path', points: at ? [at] : [] };
      } else {
        const hit = this.caught(view, x, y);
        drag = hit && { kind: 'target', ...hit, depth: hit.p.depth };
      }
    });
    canvas.addEventListener('pointermove', (e) => {
      const was = down.get(e.pointerId), [x, y] = place(e);
      if (!was) {
        const hot = this.caught(view, x, y)?.joint;
        if (hot !== this.hot) { this.hot = hot; this.dirty = true; canvas.style.cursor = hot ? 'move' : ''; }
        return;
      }
      const before = down.size > 1 ? spread() : 0;
      down.set(e.pointerId, [e.clientX, e.clientY]);
      moved += Math.abs(e.clientX - was[0]) + Math.abs(e.clientY - was[1]);
      if (down.size > 1) { drag = null; if (before > 0) this.zoom(spread() / before); return; }
      if (drag?.kind === 'path') this.sketch(view, drag, x, y);
      else if (drag?.kind === 'target') this.pull(view, drag, x, y);
      else this.look(e.clientX - was[0], e.clientY - was[1]);
    });
    const up = (e) => {
      if (!down.delete(e.pointerId)) return;
      if (drag?.kind === 'path' && drag.points.length > 1) this.on.path(drag.points);
      else if (drag?.kind === 'target' && moved > 2 && drag.position) this.on.target(drag.joint, this.frame(), drag.position);
      else if (moved < 5) this.on.choose(this.views.indexOf(view));
      drag = null;
    };
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture']) canvas.addEventListener(end, up);
    canvas.addEventListener('wheel', (e) => { e.preventDefault(); this.zoom(Math.exp(-e.deltaY * (e.deltaMode ? 0.05 : 0.0015))); }, { passive: false });
    canvas.addEventListener('dblclick', () => this.home());
  }

  // Adds a point of the path, a hand's breadth from the one before.
  sketch(view, drag, x, y) {
    const at = this.onFloor(view, x, y), last = drag.points.at(-1);
    if (!at || (last && Math.hypot(at[0] - last[0], at[1] - last[1]) < 0.12)) return;
    drag.points.push(at);
    this.path = drag.points;
    this.dirty = true;
  }

  // Moves a target in the plane that faces the viewer.
  pull(view, drag, x, y) {
    const camera = this.camera(view), d = this.ray(camera, x, y), clip = view.scene.clip;
    const at = camera.eye.map((v, i) => v + drag.depth * d[i]);
    at[2] = Math.max(at[2], 0) + clip.floor;
    drag.position = at;
    const frame = this.frame();
    this.targets = [...this.targets.filter((t) => t.frame !== frame || t.joint !== drag.joint), { joint: drag.joint, frame, position: at }];
    this.dirty = true;
  }
}
