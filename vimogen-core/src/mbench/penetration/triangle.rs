//! Contact of two triangles in space.

use glam::DVec3;

/// The corners of a triangle, metres.
pub type Triangle = [DVec3; 3];

/// Whether two triangles have a point in common, by the separating-axis theorem: they do unless their projections on
/// some axis are disjoint. The candidate axes are the two normals, the nine cross products of an edge of one and an edge of
/// the other, and, for triangles of one plane, the six normals of edges within the plane. Touching projections are not
/// disjoint, so touching counts.
///
/// For triangles without area some of these axes vanish. Their boxes are compared as well; the remaining cases count as
/// touching.
pub fn touch(a: &Triangle, b: &Triangle) -> bool {
    // Coordinates close to the origin lose fewer digits.
    let origin = a[0];
    let (a, b) = (a.map(|p| p - origin), b.map(|p| p - origin));
    let (edges_a, edges_b) = (edges(&a), edges(&b));
    let (normal_a, normal_b) = (edges_a[0].cross(edges_a[1]), edges_b[0].cross(edges_b[1]));
    let gap = |axis: DVec3| leaves_gap(&a, &b, axis);
    !(DVec3::AXES.into_iter().any(gap)
        || gap(normal_a)
        || gap(normal_b)
        || edges_a.iter().any(|u| edges_b.iter().any(|v| gap(u.cross(*v))))
        || edges_a.iter().any(|u| gap(normal_a.cross(*u)))
        || edges_b.iter().any(|v| gap(normal_b.cross(*v))))
}

fn edges(t: &Triangle) -> [DVec3; 3] {
    [t[1] - t[0], t[2] - t[1], t[0] - t[2]]
}

/// Whether the projections on `axis` are disjoint.
fn leaves_gap(a: &Triangle, b: &Triangle, axis: DVec3) -> bool {
    let shadow = |t: &Triangle| {
        let [x, y, z] = [t[0].dot(axis), t[1].dot(axis), t[2].dot(axis)];
        (x.min(y).min(z), x.max(y).max(z))
    };
    let ((low_a, high_a), (low_b, high_b)) = (shadow(a), shadow(b));
    high_a < low_b || high_b < low_a
}

#[cfg(test)]
mod tests {
    use glam::dvec3;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const FLAT: Triangle = [dvec3(0.0, 0.0, 0.0), dvec3(4.0, 0.0, 0.0), dvec3(0.0, 4.0, 0.0)];

    fn moved(by: DVec3) -> Triangle {
        FLAT.map(|p| p + by)
    }

    #[test]
    fn triangles_that_touch_in_a_point_an_edge_or_a_plane_count() {
        let upright = [dvec3(1.0, 1.0, 0.0), dvec3(1.0, 1.0, 3.0), dvec3(2.0, 1.0, 3.0)];
        assert!(touch(&FLAT, &upright), "a corner within a face");
        assert!(!touch(&FLAT, &upright.map(|p| p + dvec3(0.0, 0.0, 1e-9))), "a hair above it");
        let hinged = [dvec3(0.0, 0.0, 0.0), dvec3(4.0, 0.0, 0.0), dvec3(0.0, 0.0, 4.0)];
        assert!(touch(&FLAT, &hinged), "an edge of both");
        assert!(touch(&FLAT, &moved(dvec3(1.0, 1.0, 0.0))), "overlap in the plane");
        assert!(touch(&FLAT, &moved(dvec3(4.0, 0.0, 0.0))), "a corner in the plane");
        assert!(!touch(&FLAT, &moved(dvec3(4.5, 0.0, 0.0))) && !touch(&FLAT, &moved(dvec3(2.1, 2.1, 0.0))));
        let inside = [dvec3(0.5, 0.5, 0.0), dvec3(1.0, 0.5, 0.0), dvec3(0.5, 1.0, 0.0)];
        assert!(touch(&FLAT, &inside) && touch(&inside, &FLAT), "one within the other");
        let crossing = [dvec3(1.0, 1.0, -1.0), dvec3(1.0, 1.0, 1.0), dvec3(9.0, 9.0, 0.0)];
        assert!(touch(&FLAT, &crossing));
    }

    /// The segment `p`-`q` goes through the triangle: signs of the volumes of the five tetrahedra (independent of the
    /// axes above; for points in general position).
    fn pierces(p: DVec3, q: DVec3, t: &Triangle) -> bool {
        let volume = |a: DVec3, b: DVec3, c: DVec3, d: DVec3| (b - a).cross(c - a).dot(d - a);
        let sides = volume(p, t[0], t[1], t[2]) * volume(q, t[0], t[1], t[2]) < 0.0;
        let [u, v, w] = [volume(p, q, t[0], t[1]), volume(p, q, t[1], t[2]), volume(p, q, t[2], t[0])];
        sides && (u > 0.0) == (v > 0.0) && (v > 0.0) == (w > 0.0)
    }

    #[test]
    fn random_triangles_touch_when_an_edge_of_one_pierces_the_other() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut draw = || -> Triangle { std::array::from_fn(|_| dvec3(rng.random(), rng.random(), rng.random())) };
        let mut touching = 0;
        for _ in 0..20_000 {
            let (a, b) = (draw(), draw());
            let through = |x: &Triangle, y: &Triangle| (0..3).any(|i| pierces(x[i], x[(i + 1) % 3], y));
            let want = through(&a, &b) || through(&b, &a);
            assert_eq!(touch(&a, &b), want, "{a:?} {b:?}");
            touching += usize::from(want);
        }
        assert!((2_000..18_000).contains(&touching), "{touching}");
    }
}
