// The camera, the ground with shadow and trail, and the figure of one clip.

const FIELD = 30 * Math.PI / 180; // vertical field of view
const COARSE = 4; // CSS pixels per pixel of the shadow
const SIDES = ['--middle', '--left', '--right'];

// The points of a clip: 16-bit integers in base64, as the page's writer stored them.
function decode(clip, points) {
  const raw = atob(clip.data), bytes = Uint8Array.from(raw, (c) => c.charCodeAt(0)), view = new DataView(bytes.buffer);
  const out = new Float32Array(bytes.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = view.getInt16(2 * i, true) * clip.step + clip.centre[i % 3];
  for (let i = 2; i < out.length; i += 3) out[i] -= clip.floor;
  const turns = clip.pose && new Int16Array(unpack(clip.pose.data));
  return { ...clip, turns, points: out, stride: 3 * points };
}

// Input of the camera from a clip: a smooth path to follow, and the extent of the figure around it.
function survey(clip) {
  const { frames, stride, points } = clip, reach = Math.max(1, Math.round(0.6 * clip.fps));
  const weight = (k) => Math.exp(-0.5 * (2 * k / reach) ** 2);
  clip.path = Array.from({ length: frames }, (_, t) => {
    let x = 0, y = 0, sum = 0;
    for (let k = -reach; k <= reach; k++) {
      const at = Math.min(frames - 1, Math.max(0, t + k)) * stride, w = weight(k);
      x += w * points[at]; y += w * points[at + 1]; sum += w;
    }
    return [x / sum, y / sum];
  });
  const low = [Infinity, Infinity], high = [-Infinity, -Infinity];
  clip.top = 0; clip.bottom = 0; clip.near = 0;
  for (let i = 0; i < points.length; i += 3) {
    const [x, y] = clip.path[Math.floor(i / stride)];
    clip.near = Math.max(clip.near, Math.hypot(points[i] - x, points[i + 1] - y));
    clip.top = Math.max(clip.top, points[i + 2]);
    clip.bottom = Math.min(clip.bottom, points[i + 2]);
    for (let c = 0; c < 2; c++) {
      low[c] = Math.min(low[c], points[i + c]);
      high[c] = Math.max(high[c], points[i + c]);
    }
  }
  const margin = 0.12 * clip.scale;
  clip.near += margin; clip.top += margin;
  clip.middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
  clip.wander = Math.max(...[0, 1].map((c) => span(clip.path.map((at) => at[c]))));
  clip.far = Math.hypot(high[0] - low[0], high[1] - low[1]) / 2 + margin;
}

const span = (values) => values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b));

// A perspective camera that looks at a target; z is up. At yaw 0 it is at +y.
class Camera {
  constructor(view, target, distance, width, height) {
    const { yaw, pitch } = view, cp = Math.cos(pitch), sp = Math.sin(pitch), cy = Math.cos(yaw), sy = Math.sin(yaw);
    this.back = [sy * cp, cy * cp, sp];
    this.right = [-cy, sy, 0];
    this.up = [-sy * sp, -cy * sp, cp];
    this.eye = target.map((v, i) => v + distance * this.back[i]);
    this.focal = height / 2 / Math.tan(FIELD / 2);
    this.cx = width / 2;
    this.cy = height / 2;
  }

  // Screen x and y, distance along the view and pixels per metre there.
  project(x, y, z) {
    const { eye, right, up, back } = this, dx = x - eye[0], dy = y - eye[1], dz = z - eye[2];
    const depth = -(dx * back[0] + dy * back[1] + dz * back[2]), s = this.focal / Math.max(depth, 1e-3);
    return {
      x: this.cx + s * (dx * right[0] + dy * right[1] + dz * right[2]),
      y: this.cy - s * (dx * up[0] + dy * up[1] + dz * up[2]),
      depth, s,
    };
  }
}

class Scene {
  constructor(clip, parts, surface, canvas, caption) {
    Object.assign(this, { clip, parts, canvas, caption, surface: clip.turns && surface, context: canvas.getContext('2d'), raster: new Raster(), detail: 2 });
    this.shade = document.createElement('canvas');
    survey(clip);
  }

  // The figure's points at a time in frames, interpolated between frames.
  pose(time) {
    const { points, stride, frames } = this.clip;
    const t = Math.min(Math.max(time, 0), frames - 1), t0 = Math.floor(t), t1 = Math.min(t0 + 1, frames - 1), f = t - t0;
    const out = [];
    for (let i = 0; i < stride; i += 3) {
      const a = t0 * stride + i, b = t1 * stride + i;
      out.push([0, 1, 2].map((c) => points[a + c] + f * (points[b + c] - points[a + c])));
    }
    return out;
  }

  camera(view, time, width, height) {
    const { clip } = this, room = view.follow ? clip.near : clip.far, tall = clip.top - clip.bottom;
    let [x, y] = clip.middle;
    if (view.follow) {
      const t = Math.min(Math.max(time, 0), clip.frames - 1), a = clip.path[Math.floor(t)];
      const b = clip.path[Math.min(Math.floor(t) + 1, clip.frames - 1)], f = t % 1;
      [x, y] = [a[0] + f * (b[0] - a[0]), a[1] + f * (b[1] - a[1])];
    }
    // The caption covers the top: the figure gets the rest.
    const covered = Math.min(this.caption.offsetHeight, 0.35 * height), share = 1 - covered / height;
    const slope = Math.tan(FIELD / 2), shape = Math.min(width / height, 1.6);
    const distance = (Math.max(tall * 0.6 / slope / share, room / slope / shape) + 0.3 * room) / view.zoom;
    const camera = new Camera(view, [x, y, (clip.top + clip.bottom) / 2], distance, width, height);
    camera.cy += covered / 2;
    return camera;
  }

  draw(view, time, theme) {
    const { canvas, context: g } = this, ratio = Math.min(window.devicePixelRatio || 1, 3);
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width || !height) return 0;
    const w = Math.round(width * ratio), h = Math.round(height * ratio);
    if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, width, height);
    const camera = this.camera(view, time, width, height), pose = this.pose(time);
    this.ground(camera, pose[0], theme);
    if (view.trail) this.trail(camera, time, theme);
    this.shadow(camera, pose, view, theme);
    if (!this.surface || !view.mesh) return this.figure(camera, pose, view, theme, ratio);
    this.surface.paint(theme, view.tint);
    this.surface.skin(this.clip, time);
    const q = Math.min(2 * ratio, 1.5 * this.detail);
    return this.surface.draw(this.raster, g, camera, view, q, [width, height]);
  }

  // Lines every half metre (of the body's scale) that fade away around the figure.
  ground(camera, centre, theme) {
    const g = this.context, step = 0.5 * niceScale(this.clip.scale), n = 9, bands = 6;
    const cx = Math.round(centre[0] / step), cy = Math.round(centre[1] / step);
    const paths = Array.from({ length: 2 * bands }, () => new Path2D());
    const segment = (x0, y0, x1, y1, major) => {
      const away = Math.hypot((x0 + x1) / 2 * step - centre[0], (y0 + y1) / 2 * step - centre[1]) / (n * step);
      const a = camera.project(x0 * step, y0 * step, 0), b = camera.project(x1 * step, y1 * step, 0);
      if (away >= 1 || a.depth < 0.1 || b.depth < 0.1) return;
      const path = paths[2 * Math.floor(away * bands) + major];
      path.moveTo(a.x, a.y);
      path.lineTo(b.x, b.y);
    };
    for (let i = -n; i <= n; i++) {
      for (let k = -n; k < n; k++) {
        segment(cx + i, cy + k, cx + i, cy + k + 1, (cx + i) % 2 ? 0 : 1);
        segment(cx + k, cy + i, cx + k + 1, cy + i, (cy + i) % 2 ? 0 : 1);
      }
    }
    g.strokeStyle = theme['--grid'].css;
    g.lineWidth = 1;
    paths.forEach((path, i) => {
      g.globalAlpha = (1 - (Math.floor(i / 2) + 0.5) / bands) ** 1.5 * (i % 2 ? 0.55 : 0.25);
      g.stroke(path);
    });
    g.globalAlpha = 1;
  }

  // Path of the pelvis from above: solid up to now, faint afterwards.
  trail(camera, time, theme) {
    const g = this.context, { points, stride, frames } = this.clip, now = Math.min(time, frames - 1);
    const at = (t) => {
      const a = Math.floor(t) * stride, b = Math.min(Math.floor(t) + 1, frames - 1) * stride, f = t % 1;
      return camera.project(points[a] + f * (points[b] - points[a]), points[a + 1] + f * (points[b + 1] - points[a + 1]), 0);
    };
    const line = (from, to, alpha) => {
      g.globalAlpha = alpha;
      g.beginPath();
      for (let t = from, open = false; ; t = Math.min(Math.floor(t) + 1, to)) {
        const p = at(t);
        if (p.depth < 0.1) open = false;
        else if (open) g.lineTo(p.x, p.y);
        else { g.moveTo(p.x, p.y); open = true; }
        if (t >= to) break;
      }
      g.stroke();
    };
    g.lineWidth = 2.5;
    g.lineCap = g.lineJoin = 'round';
    g.strokeStyle = theme['--trail'].css;
    line(now, frames - 1, 0.22);
    line(0, now, 0.75);
    g.globalAlpha = 1;
  }

  // Soft shadow on the ground: each part from the lamp, the softer the higher it is. Drawn small and scaled up.
  shadow(camera, pose, view, theme) {
    const { shade } = this, { scale } = this.clip, g = shade.getContext('2d'), yaw = view.yaw + 0.6;
    const { clientWidth: width, clientHeight: height } = this.canvas, lean = [-0.42 * Math.sin(yaw), -0.42 * Math.cos(yaw)];
    shade.width = Math.ceil(width / COARSE);
    shade.height = Math.ceil(height / COARSE);
    g.scale(1 / COARSE, 1 / COARSE);
    g.fillStyle = theme['--shadow'].css;
    g.globalAlpha = theme.dark ? 0.11 : 0.05;
    for (let pass = 0; pass < 10; pass++) {
      const soft = pass / 5 - 0.9, path = new Path2D();
      const disc = (p, r) => {
        const high = Math.max(p[2], 0), radius = r * scale + soft * (0.012 * scale + 0.16 * high);
        return { x: p[0] + lean[0] * high, y: p[1] + lean[1] * high, r: radius };
      };
      for (const [from, to, ra, rb] of this.parts) {
        const a = disc(pose[from], ra), b = disc(pose[to], rb);
        if (a.r < 0.002 || b.r < 0.002) continue;
        const spots = outline(a, b).map(([x, y]) => camera.project(x, y, 0));
        if (spots.every((p) => p.depth > 0.1)) spots.forEach((p, i) => path[i ? 'lineTo' : 'moveTo'](p.x, p.y));
      }
      g.fill(path, 'nonzero');
    }
    this.context.drawImage(shade, 0, 0, shade.width * COARSE, shade.height * COARSE);
  }

  // The body itself; returns how many pixels were set.
  figure(camera, pose, view, theme, ratio) {
    const q = Math.min(ratio, this.detail), { scale } = this.clip, centre = camera.project(...pose[0]).depth;
    const flatten = camera.focal / Math.max(centre, 0.1) * q;
    const spots = pose.map((p) => ({ ...camera.project(...p), z: 0 }));
    if (spots.some((p) => p.depth < 0.15)) return 0; // the camera is inside
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    const parts = this.parts.map(([from, to, ra, rb, side]) => {
      const sphere = (i, r) => ({ x: spots[i].x * q, y: spots[i].y * q, z: (spots[i].depth - centre) * flatten, r: r * scale * spots[i].s * q });
      const part = { a: sphere(from, ra), b: sphere(to, rb), side };
      for (const s of [part.a, part.b]) {
        left = Math.min(left, s.x - s.r); right = Math.max(right, s.x + s.r);
        top = Math.min(top, s.y - s.r); bottom = Math.max(bottom, s.y + s.r);
      }
      return part;
    });
    left = Math.max(0, Math.floor(left) - 2); top = Math.max(0, Math.floor(top) - 2);
    const width = Math.min(Math.ceil(this.canvas.clientWidth * q), Math.ceil(right) + 2) - left;
    const height = Math.min(Math.ceil(this.canvas.clientHeight * q), Math.ceil(bottom) + 2) - top;
    if (width < 1 || height < 1) return 0;
    this.raster.begin(width, height);
    parts.sort((p, o) => o.a.z + o.b.z - p.a.z - p.b.z);
    for (const { a, b, side } of parts) {
      const move = (s) => ({ x: s.x - left - 0.5, y: s.y - top - 0.5, z: s.z, r: s.r });
      this.raster.cone(move(a), move(b), side, theme[SIDES[side]].rgb);
    }
    const image = this.raster.end(view.pitch);
    this.context.drawImage(image, 0, 0, width, height, left / q, top / q, width / q, height / q);
    return this.raster.ink;
  }
}

// 1, or 1, 2, 5 times a power of ten for bodies of another size.
function niceScale(scale) {
  if (scale > 0.5 && scale < 2) return 1;
  const power = 10 ** Math.floor(Math.log10(scale)), lead = scale / power;
  return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
}

// The outline of two discs and the band between them, as points in one direction of turning.
function outline(a, b) {
  const length = Math.hypot(b.x - a.x, b.y - a.y), big = a.r > b.r ? a : b, points = [];
  const arc = (s, from, to) => {
    for (let i = 0; i <= 6; i++) {
      const angle = from + (to - from) * i / 6;
      points.push([s.x + s.r * Math.cos(angle), s.y + s.r * Math.sin(angle)]);
    }
  };
  if (length <= Math.abs(a.r - b.r) + 1e-6) { arc(big, 0, Math.PI); arc(big, Math.PI, 2 * Math.PI); return points; }
  const heading = Math.atan2(b.y - a.y, b.x - a.x), open = Math.acos((a.r - b.r) / length);
  arc(a, heading + open, heading + 2 * Math.PI - open);
  arc(b, heading - open, heading + open);
  return points;
}
