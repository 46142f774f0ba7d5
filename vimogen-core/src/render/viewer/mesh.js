// The body's surface: skinned to the joints at a time, then drawn as triangles.

const unpack = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
const POSE = 7; // 16-bit integers per joint: a quaternion x y z w, a position

class Surface {
  constructor(mesh) {
    this.joints = mesh.joints;
    this.sides = mesh.sides;
    this.mirror(mesh);
    this.count = this.rest.length / 3;
    for (const name of ['world', 'normal']) this[name] = new Float32Array(this.rest.length);
    this.spot = new Float32Array(3 * this.count);
    this.bone = new Float32Array(12 * this.joints.length);
  }

  // The page holds the left half: vertices off the midline have an image at the other side of the axis.
  mirror(mesh) {
    const half = new Int16Array(unpack(mesh.vertices)), faces = new Uint16Array(unpack(mesh.faces));
    const bones = new Uint8Array(unpack(mesh.bones)); // four joints and four weights of 1/255 per vertex
    const image = [], rest = [], shares = [...bones];
    let count = half.length / 3;
    const add = (v, side) => rest.push(side * half[3 * v] * mesh.step + mesh.axis, half[3 * v + 1] * mesh.step, half[3 * v + 2] * mesh.step);
    for (let v = 0; v < half.length / 3; v++) add(v, 1);
    for (let v = 0; v < half.length / 3; v++) {
      image.push(half[3 * v] ? count++ : v);
      if (image[v] === v) continue;
      add(v, -1);
      for (let k = 0; k < 8; k++) shares.push(k < 4 ? mesh.images[bones[8 * v + k]] : bones[8 * v + k]);
    }
    const other = Array.from(faces, (_, i) => image[faces[i + 2 - 2 * (i % 3)]]); // the corners in reverse
    this.rest = Float32Array.from(rest);
    this.faces = Uint16Array.from([...faces, ...other]);
    this.bones = Uint8Array.from(shares);
  }

  // Rotations and positions of the joints between two frames, as rows of 3 x 4 matrices.
  place(clip, time) {
    const { frames, turns, floor, pose } = clip, stride = POSE * this.joints.length, q = [0, 0, 0, 0], at = [0, 0, 0];
    const t = Math.min(Math.max(time, 0), frames - 1), t0 = Math.floor(t), t1 = Math.min(t0 + 1, frames - 1), f = t - t0;
    this.joints.forEach((rest, j) => {
      const a = t0 * stride + POSE * j, b = t1 * stride + POSE * j;
      let same = 0, n = 0;
      for (let c = 0; c < 4; c++) same += turns[a + c] * turns[b + c];
      for (let c = 0; c < 4; c++) {
        q[c] = (1 - f) * turns[a + c] + (same < 0 ? -f : f) * turns[b + c];
        n += q[c] * q[c];
      }
      const [x, y, z, w] = q.map((v) => v / Math.sqrt(n || 1));
      for (let c = 0; c < 3; c++) at[c] = ((1 - f) * turns[a + 4 + c] + f * turns[b + 4 + c]) * pose.step + pose.centre[c];
      at[2] -= floor;
      const m = [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w), 2 * (x * y + z * w),
        1 - 2 * (x * x + z * z), 2 * (y * z - x * w), 2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)];
      for (let r = 0; r < 3; r++) {
        const o = 12 * j + 4 * r, [c0, c1, c2] = m.slice(3 * r, 3 * r + 3);
        this.bone.set([c0, c1, c2, at[r] - c0 * rest[0] - c1 * rest[1] - c2 * rest[2]], o);
      }
    });
  }

  // Vertices and normals in the world at a time in frames.
  skin(clip, time) {
    this.place(clip, time);
    const { rest, bones, bone, world, normal, faces } = this;
    for (let v = 0, i = 0; v < this.count; v++, i += 3) {
      for (let r = 0; r < 3; r++) {
        let sum = 0;
        for (let k = 0; k < 4; k++) {
          const share = bones[8 * v + 4 + k], o = 12 * bones[8 * v + k] + 4 * r;
          if (share) sum += share * (bone[o] * rest[i] + bone[o + 1] * rest[i + 1] + bone[o + 2] * rest[i + 2] + bone[o + 3]);
        }
        world[i + r] = sum / 255;
      }
    }
    normal.fill(0);
    for (let f = 0; f < faces.length; f += 3) {
      const a = 3 * faces[f], b = 3 * faces[f + 1], c = 3 * faces[f + 2];
      const ux = world[b] - world[a], uy = world[b + 1] - world[a + 1], uz = world[b + 2] - world[a + 2];
      const vx = world[c] - world[a], vy = world[c + 1] - world[a + 1], vz = world[c + 2] - world[a + 2];
      const n = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
      for (const p of [a, b, c]) for (let k = 0; k < 3; k++) normal[p + k] += n[k];
    }
  }

  // Colours of the vertices: those of the sides, mixed by the skinning weights, or without a tint that of the middle.
  paint(theme, tint) {
    if (this.theme === theme && this.tint === tint) return;
    this.theme = theme;
    this.tint = tint;
    this.colour = new Float32Array(3 * this.count);
    for (let v = 0; v < this.count; v++) {
      for (let k = 0; k < 4; k++) {
        const rgb = theme[SIDES[tint ? this.sides[this.bones[8 * v + k]] : 0]].rgb, share = this.bones[8 * v + 4 + k] / 255;
        for (let c = 0; c < 3; c++) this.colour[3 * v + c] += share * rgb[c];
      }
    }
  }

  // Draws itself with q samples per CSS pixel; returns the number of samples set.
  draw(raster, context, camera, view, q, limit) {
    const { world, normal, spot, count } = this, { right, up, back } = camera;
    let [left, top, end, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let v = 0, i = 0; v < count; v++, i += 3) {
      const p = camera.project(world[i], world[i + 1], world[i + 2]);
      if (p.depth < 0.15) return 0; // the camera is inside
      spot[i] = p.x * q; spot[i + 1] = p.y * q; spot[i + 2] = p.s;
      left = Math.min(left, spot[i]); end = Math.max(end, spot[i]);
      top = Math.min(top, spot[i + 1]); bottom = Math.max(bottom, spot[i + 1]);
      const [x, y, z] = [normal[i], normal[i + 1], normal[i + 2]], n = 1 / (Math.hypot(x, y, z) || 1);
      normal[i] = n * (x * right[0] + y * right[1]);
      normal[i + 1] = n * (x * up[0] + y * up[1] + z * up[2]);
      normal[i + 2] = n * (x * back[0] + y * back[1] + z * back[2]);
    }
    left = Math.max(0, Math.floor(left) - 2); top = Math.max(0, Math.floor(top) - 2);
    const width = Math.min(Math.ceil(limit[0] * q), Math.ceil(end) + 2) - left;
    const height = Math.min(Math.ceil(limit[1] * q), Math.ceil(bottom) + 2) - top;
    if (width < 1 || height < 1) return 0;
    raster.begin(width, height);
    for (let i = 0; i < spot.length; i += 3) { spot[i] -= left + 0.5; spot[i + 1] -= top + 0.5; }
    for (let f = 0; f < this.faces.length; f += 3) {
      raster.triangle(spot, normal, this.colour, 3 * this.faces[f], 3 * this.faces[f + 1], 3 * this.faces[f + 2]);
    }
    const image = raster.end(view.pitch);
    context.imageSmoothingQuality = 'high';
    context.drawImage(image, 0, 0, width, height, left / q, top / q, width / q, height / q);
    return raster.ink;
  }
}
