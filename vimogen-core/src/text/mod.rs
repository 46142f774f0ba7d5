//! Text encoders: a prompt in, one row of numbers per word out.
