use super::*;

fn shape(bytes: &[u8]) -> Shape {
    let mut counts = [0u16; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    Shape::of(counts, u32::try_from(bytes.len()).unwrap())
}

/// Bytes of a linear congruential generator (Knuth's MMIX), the high ones.
fn random(count: usize) -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn entropy_of_small_random_samples_is_corrected() {
    // 1,448 bytes: 0.98 of 8 bits without the correction
    assert!(shape(&random(1448)).entropy_bits > 7.95);
    let whole = shape(&random(16384));
    assert!(whole.entropy_bits > 7.99);
    assert!((180.0..340.0).contains(&whole.chi_square), "{}", whole.chi_square);
}

#[test]
fn a_constant_head_before_random_bytes_does_not_look_like_structure() {
    let mut bytes = Vec::new();
    for body in random(8000).chunks(64) {
        bytes.extend_from_slice(b"\x17\x03\x03\x00\x40");
        bytes.extend_from_slice(body);
    }
    let shape = shape(&bytes);
    assert!((0.6..1.0).contains(&shape.rest_dispersion), "{}", shape.rest_dispersion);
    assert!(shape.chi_square > 1000.0);
}

#[test]
fn text_is_far_from_random() {
    let text = b"the temperature in the kitchen is 21.5 degrees, and nobody is at home. ".repeat(10);
    assert!(shape(&text).frequent_ratio > 0.8);
    assert!(shape(&text).entropy_bits < 5.0);
}
