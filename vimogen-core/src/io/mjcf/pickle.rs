//! Joint values as a pickled dict of NumPy arrays, as GMR writes them and its readers load them.

use ndarray::{ArrayView2, s};

/// The dict: `fps`, `root_pos` (T, 3), `root_rot` (T, 4) x, y, z, w, `dof_pos` (T, n), and `local_body_pos` and
/// `link_body_list`, which are None.
pub(super) fn gmr(qpos: ArrayView2<'_, f64>, fps: f64) -> Vec<u8> {
    let frames = qpos.nrows();
    let turns = qpos.rows().into_iter().flat_map(|row| [row[4], row[5], row[6], row[3]]);
    let mut out = Pickle(b"\x80\x03}(".to_vec());
    out.text("fps");
    out.0.push(b'G');
    out.0.extend(fps.to_be_bytes());
    out.array("root_pos", [frames, 3], qpos.slice(s![.., ..3]).iter().copied());
    out.array("root_rot", [frames, 4], turns);
    out.array("dof_pos", [frames, qpos.ncols() - 7], qpos.slice(s![.., 7..]).iter().copied());
    for name in ["local_body_pos", "link_body_list"] {
        out.text(name);
        out.0.push(b'N');
    }
    out.0.extend(b"u.");
    out.0
}

/// A pickle of protocol 3, which Python 3 reads.
struct Pickle(Vec<u8>);

impl Pickle {
    fn text(&mut self, text: &str) {
        self.0.push(b'X');
        self.0.extend((text.len() as u32).to_le_bytes());
        self.0.extend(text.as_bytes());
    }

    fn number(&mut self, value: usize) {
        self.0.push(b'J');
        self.0.extend((value as i32).to_le_bytes());
    }

    /// A key and an array of f64 as `numpy.core.multiarray._reconstruct` builds them.
    fn array(&mut self, name: &str, shape: [usize; 2], values: impl Iterator<Item = f64>) {
        self.text(name);
        self.0.extend(b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tC\x01btR(K\x01");
        shape.into_iter().for_each(|size| self.number(size));
        self.0.push(b'\x86');
        self.0.extend(b"cnumpy\ndtype\n(");
        self.text("f8");
        self.0.extend(b"K\x00K\x01tR(K\x03");
        self.text("<");
        self.0.extend(b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89B");
        let bytes: Vec<u8> = values.flat_map(f64::to_le_bytes).collect();
        self.0.extend((bytes.len() as u32).to_le_bytes());
        self.0.extend(bytes);
        self.0.extend(b"tb");
    }
}
