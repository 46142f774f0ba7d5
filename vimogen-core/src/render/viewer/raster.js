// Draws cones with round ends into pixels: exact shapes with a depth buffer, melted together where they meet, then
// shaded pixel by pixel. It needs nothing but a 2D canvas.

const KEY = unit([-0.5, 0.6, 0.62]); // lamp, seen from the camera: x right, y up, z towards the viewer
const HALF = unit([KEY[0], KEY[1], KEY[2] + 1]); // half way between lamp and viewer
const MELT = [0.6, 0.12, 0.12]; // depth over which surfaces of a side melt together where they meet, in radii
const SEAM = 1.5; // depth over which colours and limbs that only touch do, in pixels
const TILE = 64; // the canvas grows by as many pixels
const CELL = 8; // values per pixel: depth, normal (3), colour (3), cover

// 0 up to -1, 1 from 1 on, smooth between.
function smooth(v) {
  const m = Math.min(1, Math.max(0, 0.5 + 0.5 * v));
  return m * m * (3 - 2 * m);
}

function unit(v) {
  const n = Math.hypot(...v) || 1;
  return v.map((x) => x / n);
}

class Raster {
  constructor() {
    this.canvas = document.createElement('canvas');
    this.context = this.canvas.getContext('2d', { willReadFrequently: true });
    this.room = 0;
  }

  // Clears width x height pixels.
  begin(width, height) {
    Object.assign(this, { width, height });
    if (width * height > this.room) {
      this.room = width * height;
      this.cells = new Float32Array(CELL * this.room);
      this.sides = new Uint8Array(this.room);
    } else {
      this.cells.fill(0, 0, CELL * width * height);
    }
  }

  // Draws a cone between spheres a and b, each {x, y, z, r} in pixels (z grows away from the viewer), of a side (0
  // middle, 1 left, 2 right) and [r, g, b]. Cones farther away come first, so that soft edges blend with what is behind.
  cone(a, b, side, colour) {
    const bax = b.x - a.x, bay = b.y - a.y, baz = b.z - a.z, taper = a.r - b.r;
    const m0 = bax * bax + bay * bay + baz * baz, d2 = m0 - taper * taper, k2 = d2 - baz * baz;
    const cone = d2 > 1e-9 && k2 > 1e-9, distance = hull(a, b), melt = MELT[side] * 0.5 * (a.r + b.r);
    const left = Math.max(0, Math.floor(Math.min(a.x - a.r, b.x - b.r) - 1));
    const right = Math.min(this.width - 1, Math.ceil(Math.max(a.x + a.r, b.x + b.r) + 1));
    const top = Math.max(0, Math.floor(Math.min(a.y - a.r, b.y - b.r) - 1));
    const bottom = Math.min(this.height - 1, Math.ceil(Math.max(a.y + a.r, b.y + b.r) + 1));
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const cover = 0.5 - distance(x, y);
        if (cover <= 0) continue;
        const oax = x - a.x, oay = y - a.y, obx = x - b.x, oby = y - b.y;
        let z = NaN, nx = 0, ny = 0, nz = 0;
        if (cone) {
          // A ray along z against the cone: t from the depth of a, s along the axis (times its length).
          const along = bax * oax + bay * oay, k1 = (taper * a.r - along) * baz;
          const k0 = d2 * (oax * oax + oay * oay) - along * along + 2 * along * taper * a.r - m0 * a.r * a.r;
          const t = (-k1 - Math.sqrt(Math.max(0, k1 * k1 - k0 * k2))) / k2, s = along - a.r * taper + t * baz;
          if (s > 0 && s < d2) {
            z = a.z + t;
            nx = d2 * oax - bax * s; ny = d2 * oay - bay * s; nz = d2 * t - baz * s;
          }
        }
        if (z !== z) {
          // An end: the nearer of the two spheres; on soft edges outside of both, the closer one.
          const ha = a.r * a.r - oax * oax - oay * oay, hb = b.r * b.r - obx * obx - oby * oby;
          const za = a.z - Math.sqrt(Math.max(ha, 0)), zb = b.z - Math.sqrt(Math.max(hb, 0));
          if (ha > 0 && hb > 0 ? za <= zb : ha >= hb) { z = za; nx = oax; ny = oay; nz = za - a.z; }
          else { z = zb; nx = obx; ny = oby; nz = zb - b.z; }
        }
        const n = 1 / (Math.sqrt(nx * nx + ny * ny + nz * nz) || 1);
        this.put(y * this.width + x, z, nx * n, -ny * n, -nz * n, side, colour, Math.min(cover, 1), melt);
      }
    }
  }

  // Draws a triangle that faces the viewer; arguments are arrays of three values per vertex (x, y, pixels per metre; normal;
  // colour) and the offsets of its corners in them.
  triangle(spot, normal, colour, a, b, c) {
    const ax = spot[a], ay = spot[a + 1], bx = spot[b], by = spot[b + 1], cx = spot[c], cy = spot[c + 1];
    const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
    if (area >= 0) return;
    const { cells, width } = this, s = 1 / area, az = spot[a + 2], bz = spot[b + 2], cz = spot[c + 2];
    const left = Math.max(0, Math.ceil(Math.min(ax, bx, cx))), right = Math.min(width - 1, Math.floor(Math.max(ax, bx, cx)));
    const top = Math.max(0, Math.ceil(Math.min(ay, by, cy))), bottom = Math.min(this.height - 1, Math.floor(Math.max(ay, by, cy)));
    const stepB = (cy - ay) * s, stepC = (ay - by) * s;
    for (let y = top; y <= bottom; y++) {
      let wb = ((left - ax) * (cy - ay) - (y - ay) * (cx - ax)) * s, wc = ((bx - ax) * (y - ay) - (by - ay) * (left - ax)) * s;
      for (let x = left, p = CELL * (y * width + left); x <= right; x++, p += CELL, wb += stepB, wc += stepC) {
        const wa = 1 - wb - wc;
        if (wa < 0 || wb < 0 || wc < 0) continue;
        // The depth cell holds minus the pixels per metre: less is nearer.
        const near = -(wa * az + wb * bz + wc * cz);
        if (cells[p + 7] && cells[p] <= near) continue;
        cells[p] = near;
        for (let k = 0; k < 3; k++) {
          cells[p + 1 + k] = wa * normal[a + k] + wb * normal[b + k] + wc * normal[c + k];
          cells[p + 4 + k] = wa * colour[a + k] + wb * colour[b + k] + wc * colour[c + k];
        }
        cells[p + 7] = 1;
      }
    }
  }

  // Adds a surface to a pixel: in front, behind, or melted with what is there.
  put(i, z, nx, ny, nz, side, colour, cover, melt) {
    const cells = this.cells, p = CELL * i, there = cells[p + 7];
    let bend = 1, paint = 1; // shares of the new surface in normal and colour
    if (there > 0) {
      const nearer = cells[p] - z, other = this.sides[i], soft = side && other && side !== other ? SEAM : melt;
      cells[p + 7] = there + cover * (1 - there);
      if (nearer <= -soft) return;
      // Half-covered edges far in front mix in colour only: a mean of two such normals would glitter.
      bend = smooth(nearer / soft) * (nearer < soft ? cover : Math.round(cover));
      paint = smooth(nearer / SEAM) * cover;
      if (nearer > 0 && cover > 0.5) {
        cells[p] = z;
        this.sides[i] = side;
      }
    } else {
      cells[p] = z;
      cells[p + 7] = cover;
      this.sides[i] = side;
    }
    cells[p + 1] += bend * (nx - cells[p + 1]);
    cells[p + 2] += bend * (ny - cells[p + 2]);
    cells[p + 3] += bend * (nz - cells[p + 3]);
    for (let c = 0; c < 3; c++) cells[p + 4 + c] += paint * (colour[c] - cells[p + 4 + c]);
  }

  // Shades what was drawn, for a camera that looks down by `pitch`. Sets `ink`, the number of pixels set.
  end(pitch) {
    const { width, height, cells, canvas } = this, cp = Math.cos(pitch), sp = Math.sin(pitch);
    if (canvas.width < width || canvas.height < height) {
      // Whole tiles: a browser halves the canvas when it draws it smaller, and odd sizes would shift the picture.
      canvas.width = Math.ceil(Math.max(width, canvas.width) / TILE) * TILE;
      canvas.height = Math.ceil(Math.max(height, canvas.height) / TILE) * TILE;
    }
    if (!this.image || this.image.width !== width || this.image.height !== height) {
      this.image = this.context.createImageData(width, height);
    }
    const out = this.image.data;
    this.ink = 0;
    for (let i = 0, p = 0, o = 0; i < width * height; i++, p += CELL, o += 4) {
      if (cells[p + 7] === 0) { out[o + 3] = 0; continue; }
      const n = 1 / (Math.sqrt(cells[p + 1] ** 2 + cells[p + 2] ** 2 + cells[p + 3] ** 2) || 1);
      const nx = cells[p + 1] * n, ny = cells[p + 2] * n, nz = cells[p + 3] * n;
      // Light of sky and ground, the lamp, darker rims, a little gloss.
      const sky = 0.5 + 0.5 * (ny * cp + nz * sp), rim = (1 - nz) * (1 - nz);
      const lamp = Math.max(0, (nx * KEY[0] + ny * KEY[1] + nz * KEY[2] + 0.3) / 1.3);
      const diffuse = (0.4 + 0.3 * sky + 0.46 * lamp) * (1 - 0.3 * rim);
      const gloss = 26 * Math.max(0, nx * HALF[0] + ny * HALF[1] + nz * HALF[2]) ** 18;
      for (let c = 0; c < 3; c++) out[o + c] = cells[p + 4 + c] * diffuse + gloss;
      out[o + 3] = 255 * cells[p + 7];
      this.ink++;
    }
    // An earlier, larger picture around this one would shine through the smoothed edges.
    this.context.clearRect(0, 0, canvas.width, canvas.height);
    this.context.putImageData(this.image, 0, 0);
    return canvas;
  }
}

// Signed distance in pixels to the outline of two discs and the band between them.
function hull(a, b) {
  const dx = b.x - a.x, dy = b.y - a.y, length = Math.hypot(dx, dy), big = a.r > b.r ? a : b;
  if (length <= Math.abs(a.r - b.r) + 1e-6) return (x, y) => Math.hypot(x - big.x, y - big.y) - big.r;
  const ux = dx / length, uy = dy / length;
  const sin = (a.r - b.r) / length, cos = Math.sqrt(1 - sin * sin);
  return (x, y) => {
    const px = x - a.x, py = y - a.y;
    const along = px * ux + py * uy, off = Math.abs(px * uy - py * ux);
    // Along the slanted side of the band.
    const side = cos * along - sin * off;
    if (side < 0) return Math.sqrt(px * px + py * py) - a.r;
    if (side > length * cos) return Math.sqrt((x - b.x) ** 2 + (y - b.y) ** 2) - b.r;
    return sin * along + cos * off - a.r;
  };
}
