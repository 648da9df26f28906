// Points and the transforms between photo and crops. Pure.

export type Point = readonly [x: number, y: number];

/** x' = a x + c y + e, y' = b x + d y + f: the order of canvas `setTransform`. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export function apply(m: Affine, [x, y]: Point): Point {
  return [m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]];
}

/** The transform that undoes `m`, which must not squash the plane. */
export function invert(m: Affine): Affine {
  const [a, b, c, d, e, f] = m;
  const det = a * d - b * c;
  return [d / det, -b / det, -c / det, a / det, (c * f - d * e) / det, (b * e - a * f) / det];
}

/** Rotation, one scale and a shift that bring `from` nearest to `to` by least squares (Umeyama 1991), unmirrored. */
export function similarity(from: readonly Point[], to: readonly Point[]): Affine {
  const [mx, my] = mean(from);
  const [ux, uy] = mean(to);
  let [dot, cross, spread] = [0, 0, 0];
  from.forEach(([px, py], i) => {
    const [qx, qy] = to[i] as Point;
    const [x, y, u, v] = [px - mx, py - my, qx - ux, qy - uy];
    dot += x * u + y * v;
    cross += x * v - y * u;
    spread += x * x + y * y;
  });
  const [a, b] = [dot / spread, cross / spread];
  return [a, b, -b, a, ux - (a * mx - b * my), uy - (b * mx + a * my)];
}

function mean(points: readonly Point[]): Point {
  const sum = points.reduce<Point>(([x, y], p) => [x + p[0], y + p[1]], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}
