//! Where a standing person looks.

use super::*;

/// Looking to the right and back.
pub fn look(cue: &Cue<'_>) -> Take {
    let (far, stay) = (cue.pick(0, 48.0, 68.0), cue.pick(1, 0.7, 1.6));
    let mut k = cue.keys();
    k.to(cue.pick(2, 0.45, 0.7), |f| {
        f.head(2.0, -far, 0.0);
        f.pose.spine.y -= 0.22;
    });
    k.hold(stay);
    k.stand(0.6);
    k.play()
}

/// Looking around: to one side, to the other, again and again.
pub fn around(cue: &Cue<'_>) -> Take {
    let far = cue.pick(0, 46.0, 64.0);
    let first = if cue.die(1) < 0.5 { 1.0 } else { -1.0 };
    let n = cue.cycles(1.25, 0.6, 2);
    let mut k = cue.keys();
    for i in 0..n {
        let side = if i % 2 == 0 { first } else { -first };
        k.to(0.65, |f| {
            f.head(cue.pick(3 + i, -8.0, 12.0), side * far, 0.0);
            f.spine(3.0, side * 16.0, 0.0);
        });
        k.hold(0.6);
    }
    k.stand(0.6);
    k.play()
}

/// Looking up and down again.
pub fn up(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.to(0.7, |f| {
        f.head(-cue.pick(0, 44.0, 58.0), cue.pick(1, -8.0, 8.0), 0.0);
        f.pose.spine.x -= 0.14;
    });
    k.hold(cue.pick(2, 0.8, 1.8));
    k.stand(0.7);
    k.play()
}

/// Looking down at the floor and up again.
pub fn down(cue: &Cue<'_>) -> Take {
    let mut k = cue.keys();
    k.to(0.6, |f| {
        f.head(cue.pick(0, 42.0, 52.0), cue.pick(1, -8.0, 8.0), 0.0);
        f.pose.spine.x += 0.16;
    });
    k.hold(cue.pick(2, 0.8, 1.8));
    k.stand(0.6);
    k.play()
}

/// Nodding.
pub fn nod(cue: &Cue<'_>) -> Take {
    let deep = cue.pick(0, 26.0, 38.0) * cue.manner.amp.clamp(0.8, 1.25);
    let mut k = cue.keys();
    k.hold(0.15);
    for _ in 0..cue.cycles(0.72, 0.3, 2) {
        k.to(0.32, |f| f.head(deep, 0.0, 0.0));
        k.to(0.40, |f| f.head(-5.0, 0.0, 0.0));
    }
    k.stand(0.25);
    k.play()
}

/// Shaking the head.
pub fn shake(cue: &Cue<'_>) -> Take {
    let wide = cue.pick(0, 34.0, 48.0) * cue.manner.amp.clamp(0.8, 1.25);
    let mut k = cue.keys();
    k.hold(0.15);
    for _ in 0..cue.cycles(0.86, 0.4, 2) {
        k.to(0.42, |f| f.head(4.0, wide, 0.0));
        k.to(0.44, |f| f.head(4.0, -wide, 0.0));
    }
    k.stand(0.3);
    k.play()
}
