;; What ONNX Runtime lacks or does slowly, on the memory that it reads and writes.
;;
;; Pointers are byte addresses. Tensors start at multiples of 64 bytes and own
;; the bytes up to the next such multiple, so that loops may run in whole
;; vectors past a tensor's last element. Build: see kernels_build.ts.
(module
  (import "host" "memory" (memory 1 65536))

  ;; The sum of squares of count floats, a multiple of 16, in double precision.
  (func (export "sumOfSquares") (param $x i32) (param $count i32) (result f64)
    (local $end i32) (local $vector v128) (local $low v128) (local $high v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $end (i32.add (local.get $x) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $vectors
        (br_if $done (i32.eq (local.get $x) (local.get $end)))
        (local.set $vector (v128.load (local.get $x)))
        (local.set $low (f64x2.promote_low_f32x4 (local.get $vector)))
        (local.set $high (f64x2.promote_low_f32x4
          (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7
            (local.get $vector) (local.get $vector))))
        (local.set $a (f64x2.add (local.get $a) (f64x2.mul (local.get $low) (local.get $low))))
        (local.set $b (f64x2.add (local.get $b) (f64x2.mul (local.get $high) (local.get $high))))
        (local.set $vector (v128.load offset=16 (local.get $x)))
        (local.set $low (f64x2.promote_low_f32x4 (local.get $vector)))
        (local.set $high (f64x2.promote_low_f32x4
          (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7
            (local.get $vector) (local.get $vector))))
        (local.set $c (f64x2.add (local.get $c) (f64x2.mul (local.get $low) (local.get $low))))
        (local.set $d (f64x2.add (local.get $d) (f64x2.mul (local.get $high) (local.get $high))))
        (local.set $x (i32.add (local.get $x) (i32.const 32)))
        (br $vectors)))
    (local.set $a (f64x2.add (f64x2.add (local.get $a) (local.get $b))
                             (f64x2.add (local.get $c) (local.get $d))))
    (f64.add (f64x2.extract_lane 0 (local.get $a)) (f64x2.extract_lane 1 (local.get $a))))

  ;; AdamW on count floats at p (parameters), g (gradients), m and v (moments), each
  ;; operation rounded as lib/engine/optimizer.ts says.
  (func (export "adamw")
    (param $p i32) (param $g i32) (param $m i32) (param $v i32) (param $count i32)
    (param $scale f32) (param $beta1 f32) (param $rest1 f32) (param $beta2 f32) (param $rest2 f32)
    (param $correction1 f32) (param $correction2 f32) (param $epsilon f32) (param $rate f32)
    (param $decay f32)
    (local $end i32) (local $vg v128) (local $vm v128) (local $vv v128) (local $vp v128)
    (local.set $end (i32.add (local.get $p) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $vectors
        (br_if $done (i32.ge_u (local.get $p) (local.get $end)))
        (local.set $vp (v128.load (local.get $p)))
        (local.set $vg
          (f32x4.mul (v128.load (local.get $g)) (f32x4.splat (local.get $scale))))
        (local.set $vm (f32x4.add
          (f32x4.mul (v128.load (local.get $m)) (f32x4.splat (local.get $beta1)))
          (f32x4.mul (local.get $vg) (f32x4.splat (local.get $rest1)))))
        (local.set $vv (f32x4.add
          (f32x4.mul (v128.load (local.get $v)) (f32x4.splat (local.get $beta2)))
          (f32x4.mul (f32x4.mul (local.get $vg) (local.get $vg))
                     (f32x4.splat (local.get $rest2)))))
        (v128.store (local.get $m) (local.get $vm))
        (v128.store (local.get $v) (local.get $vv))
        (v128.store (local.get $p) (f32x4.sub (local.get $vp)
          (f32x4.mul (f32x4.splat (local.get $rate))
            (f32x4.add
              (f32x4.div
                (f32x4.mul (local.get $vm) (f32x4.splat (local.get $correction1)))
                (f32x4.add
                  (f32x4.sqrt (f32x4.mul (local.get $vv) (f32x4.splat (local.get $correction2))))
                  (f32x4.splat (local.get $epsilon))))
              (f32x4.mul (f32x4.splat (local.get $decay)) (local.get $vp))))))
        (local.set $p (i32.add (local.get $p) (i32.const 16)))
        (local.set $g (i32.add (local.get $g) (i32.const 16)))
        (local.set $m (i32.add (local.get $m) (i32.const 16)))
        (local.set $v (i32.add (local.get $v) (i32.const 16)))
        (br $vectors))))

  ;; Adds row i of updates [rows, size] to row ids[i] of base, in order of i.
  (func (export "addRows")
    (param $base i32) (param $ids i32) (param $updates i32) (param $rows i32) (param $size i32)
    (local $to i32) (local $end i32) (local $whole i32)
    (local.set $whole (i32.and (i32.shl (local.get $size) (i32.const 2)) (i32.const -16)))
    (block $done
      (loop $eachRow
        (br_if $done (i32.eqz (local.get $rows)))
        (local.set $to (i32.add (local.get $base)
          (i32.shl (i32.mul (i32.load (local.get $ids)) (local.get $size)) (i32.const 2))))
        (local.set $end (i32.add (local.get $to) (local.get $whole)))
        (block $rowDone
          (loop $vectors
            (br_if $rowDone (i32.eq (local.get $to) (local.get $end)))
            (v128.store (local.get $to)
              (f32x4.add (v128.load (local.get $to)) (v128.load (local.get $updates))))
            (local.set $to (i32.add (local.get $to) (i32.const 16)))
            (local.set $updates (i32.add (local.get $updates) (i32.const 16)))
            (br $vectors)))
        (local.set $end (i32.add (local.get $to)
          (i32.shl (i32.and (local.get $size) (i32.const 3)) (i32.const 2))))
        (block $restDone
          (loop $rest
            (br_if $restDone (i32.eq (local.get $to) (local.get $end)))
            (f32.store (local.get $to)
              (f32.add (f32.load (local.get $to)) (f32.load (local.get $updates))))
            (local.set $to (i32.add (local.get $to) (i32.const 4)))
            (local.set $updates (i32.add (local.get $updates) (i32.const 4)))
            (br $rest)))
        (local.set $ids (i32.add (local.get $ids) (i32.const 4)))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
        (br $eachRow))))

  ;; The upper halves of the 64-bit products of four pairs of unsigned words.
  (func $mulHigh (param $a v128) (param $b v128) (result v128)
    (i8x16.shuffle 4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31
      (i64x2.extmul_low_i32x4_u (local.get $a) (local.get $b))
      (i64x2.extmul_high_i32x4_u (local.get $a) (local.get $b))))

  ;; A dropout mask of count floats: Philox 4x32-10, four blocks at once, one a lane.
  ;; See lib/engine/dropout_bits.ts for the counter and the key.
  (func (export "dropout")
    (param $out i32) (param $count i32) (param $key0 i32) (param $key1 i32) (param $step i32)
    (param $tag i32) (param $threshold i32) (param $kept f32) (param $first i32)
    (local $end i32) (local $block v128) (local $round i32) (local $k0 i32) (local $k1 i32)
    (local $c0 v128) (local $c1 v128) (local $c2 v128) (local $c3 v128)
    (local $high0 v128) (local $high1 v128) (local $m0 v128) (local $m1 v128)
    (local $limit v128) (local $value v128)
    (local.set $end (i32.add (local.get $out) (i32.shl (local.get $count) (i32.const 2))))
    (local.set $m0 (i32x4.splat (i32.const 0xD2511F53)))
    (local.set $m1 (i32x4.splat (i32.const 0xCD9E8D57)))
    (local.set $limit (i32x4.splat (local.get $threshold)))
    (local.set $value (f32x4.splat (local.get $kept)))
    (local.set $block (i32x4.add (v128.const i32x4 0 1 2 3) (i32x4.splat (local.get $first))))
    (block $done
      (loop $blocks
        (br_if $done (i32.ge_u (local.get $out) (local.get $end)))
        (local.set $c0 (local.get $block))
        (local.set $c1 (v128.const i32x4 0 0 0 0))
        (local.set $c2 (i32x4.splat (local.get $step)))
        (local.set $c3 (i32x4.splat (local.get $tag)))
        (local.set $k0 (local.get $key0))
        (local.set $k1 (local.get $key1))
        (local.set $round (i32.const 10))
        (loop $rounds
          (local.set $high0 (call $mulHigh (local.get $m0) (local.get $c0)))
          (local.set $high1 (call $mulHigh (local.get $m1) (local.get $c2)))
          (local.set $high1 (v128.xor (v128.xor (local.get $high1) (local.get $c1))
                                      (i32x4.splat (local.get $k0))))
          (local.set $high0 (v128.xor (v128.xor (local.get $high0) (local.get $c3))
                                      (i32x4.splat (local.get $k1))))
          (local.set $c1 (i32x4.mul (local.get $m1) (local.get $c2)))
          (local.set $c3 (i32x4.mul (local.get $m0) (local.get $c0)))
          (local.set $c0 (local.get $high1))
          (local.set $c2 (local.get $high0))
          (local.set $k0 (i32.add (local.get $k0) (i32.const 0x9E3779B9)))
          (local.set $k1 (i32.add (local.get $k1) (i32.const 0xBB67AE85)))
          (local.set $round (i32.sub (local.get $round) (i32.const 1)))
          (br_if $rounds (local.get $round)))
        (local.set $c0 (v128.and (local.get $value) (i32x4.ge_u (local.get $c0) (local.get $limit))))
        (local.set $c1 (v128.and (local.get $value) (i32x4.ge_u (local.get $c1) (local.get $limit))))
        (local.set $c2 (v128.and (local.get $value) (i32x4.ge_u (local.get $c2) (local.get $limit))))
        (local.set $c3 (v128.and (local.get $value) (i32x4.ge_u (local.get $c3) (local.get $limit))))
        ;; Lanes are blocks and vectors words: transpose, then a vector is a block.
        (local.set $high0 (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23
          (local.get $c0) (local.get $c1)))
        (local.set $high1 (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23
          (local.get $c2) (local.get $c3)))
        (v128.store (local.get $out)
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
            (local.get $high0) (local.get $high1)))
        (v128.store offset=16 (local.get $out)
          (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
            (local.get $high0) (local.get $high1)))
        (local.set $high0 (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31
          (local.get $c0) (local.get $c1)))
        (local.set $high1 (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31
          (local.get $c2) (local.get $c3)))
        (v128.store offset=32 (local.get $out)
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
            (local.get $high0) (local.get $high1)))
        (v128.store offset=48 (local.get $out)
          (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
            (local.get $high0) (local.get $high1)))
        (local.set $block (i32x4.add (local.get $block) (v128.const i32x4 4 4 4 4)))
        (local.set $out (i32.add (local.get $out) (i32.const 64)))
        (br $blocks))))

  ;; Numbers as vectors. Mutable, or the compiler would build each anew in every round of a
  ;; loop; read once into a local, they stay in a register.
  (global $one (mut v128) (v128.const f32x4 1 1 1 1))
  (global $minusHalf (mut v128) (v128.const f32x4 -0.5 -0.5 -0.5 -0.5))
  (global $log2e (mut v128) (v128.const f32x4 1.44269504 1.44269504 1.44269504 1.44269504))
  (global $round (mut v128) (v128.const f32x4 12582912 12582912 12582912 12582912))
  (global $ln2High (mut v128) (v128.const f32x4 -0.693359375 -0.693359375 -0.693359375 -0.693359375))
  (global $ln2Low (mut v128) (v128.const f32x4 0.00021219444 0.00021219444 0.00021219444 0.00021219444))
  (global $e5 (mut v128) (v128.const f32x4 0.000198756915 0.000198756915 0.000198756915 0.000198756915))
  (global $e4 (mut v128) (v128.const f32x4 0.0013981999507 0.0013981999507 0.0013981999507 0.0013981999507))
  (global $e3 (mut v128) (v128.const f32x4 0.0083334519073 0.0083334519073 0.0083334519073 0.0083334519073))
  (global $e2 (mut v128) (v128.const f32x4 0.041665795894 0.041665795894 0.041665795894 0.041665795894))
  (global $e1 (mut v128) (v128.const f32x4 0.16666665459 0.16666665459 0.16666665459 0.16666665459))
  (global $e0 (mut v128) (v128.const f32x4 0.50000001201 0.50000001201 0.50000001201 0.50000001201))
  (global $least (mut v128) (v128.const f32x4 -87 -87 -87 -87))
  (global $slope (mut v128) (v128.const f32x4 0.3 0.3 0.3 0.3))
  (global $p0 (mut v128) (v128.const f32x4 0.119629237528 0.119629237528 0.119629237528 0.119629237528))
  (global $p1 (mut v128) (v128.const f32x4 0.120754900715 0.120754900715 0.120754900715 0.120754900715))
  (global $p2 (mut v128) (v128.const f32x4 0.099907601108 0.099907601108 0.099907601108 0.099907601108))
  (global $p3 (mut v128) (v128.const f32x4 0.128580917117 0.128580917117 0.128580917117 0.128580917117))
  (global $p4 (mut v128) (v128.const f32x4 -0.053719555784 -0.053719555784 -0.053719555784 -0.053719555784))
  (global $p5 (mut v128) (v128.const f32x4 0.206391637954 0.206391637954 0.206391637954 0.206391637954))
  (global $p6 (mut v128) (v128.const f32x4 -0.157224546123 -0.157224546123 -0.157224546123 -0.157224546123))
  (global $p7 (mut v128) (v128.const f32x4 0.035679731657 0.035679731657 0.035679731657 0.035679731657))
  (global $density (mut v128) (v128.const f32x4 0.398942280401 0.398942280401 0.398942280401 0.398942280401))

  ;; dx = dy (Phi(x) + x phi(x)) for count floats, the derivative of gelu.
  ;; Phi(-|x|) = exp(-x x / 2) t P(t) with t = 1 / (1 + 0.3 |x|); P was fitted to be good
  ;; to 1.5e-7 of the result for |x| up to 14. The exponential is Cephes's polynomial; adding
  ;; 1.5 * 2^23 rounds to a whole number, which then stands in the low bits.
  (func (export "geluGrad") (param $x i32) (param $dy i32) (param $dx i32) (param $count i32)
    (local $end i32) (local $v v128) (local $u v128) (local $t v128) (local $p v128)
    (local $exp v128) (local $r v128) (local $shifted v128)
    (local $one v128) (local $log2e v128) (local $round v128) (local $ln2High v128)
    (local $ln2Low v128) (local $e5 v128) (local $e4 v128) (local $e3 v128) (local $e2 v128)
    (local $e1 v128) (local $e0 v128) (local $least v128) (local $minusHalf v128)
    (local $slope v128) (local $p0 v128) (local $p1 v128) (local $p2 v128) (local $p3 v128)
    (local $p4 v128) (local $p5 v128) (local $p6 v128) (local $p7 v128) (local $density v128)
    (local.set $one (global.get $one))
    (local.set $log2e (global.get $log2e))
    (local.set $round (global.get $round))
    (local.set $ln2High (global.get $ln2High))
    (local.set $ln2Low (global.get $ln2Low))
    (local.set $e5 (global.get $e5))
    (local.set $e4 (global.get $e4))
    (local.set $e3 (global.get $e3))
    (local.set $e2 (global.get $e2))
    (local.set $e1 (global.get $e1))
    (local.set $e0 (global.get $e0))
    (local.set $least (global.get $least))
    (local.set $minusHalf (global.get $minusHalf))
    (local.set $slope (global.get $slope))
    (local.set $p0 (global.get $p0))
    (local.set $p1 (global.get $p1))
    (local.set $p2 (global.get $p2))
    (local.set $p3 (global.get $p3))
    (local.set $p4 (global.get $p4))
    (local.set $p5 (global.get $p5))
    (local.set $p6 (global.get $p6))
    (local.set $p7 (global.get $p7))
    (local.set $density (global.get $density))
    (local.set $end (i32.add (local.get $x) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $vectors
        (br_if $done (i32.ge_u (local.get $x) (local.get $end)))
        (local.set $v (v128.load (local.get $x)))
        (local.set $u (f32x4.mul (f32x4.mul (local.get $v) (local.get $v)) (local.get $minusHalf)))
        (local.set $shifted (f32x4.relaxed_madd (local.get $u) (local.get $log2e) (local.get $round)))
        (local.set $exp (f32x4.sub (local.get $shifted) (local.get $round)))
        (local.set $r (f32x4.relaxed_madd (local.get $exp) (local.get $ln2High) (local.get $u)))
        (local.set $r (f32x4.relaxed_madd (local.get $exp) (local.get $ln2Low) (local.get $r)))
        (local.set $exp (f32x4.relaxed_madd (local.get $e5) (local.get $r) (local.get $e4)))
        (local.set $exp (f32x4.relaxed_madd (local.get $exp) (local.get $r) (local.get $e3)))
        (local.set $exp (f32x4.relaxed_madd (local.get $exp) (local.get $r) (local.get $e2)))
        (local.set $exp (f32x4.relaxed_madd (local.get $exp) (local.get $r) (local.get $e1)))
        (local.set $exp (f32x4.relaxed_madd (local.get $exp) (local.get $r) (local.get $e0)))
        (local.set $exp (f32x4.add (local.get $one) (f32x4.relaxed_madd (local.get $exp)
          (f32x4.mul (local.get $r) (local.get $r)) (local.get $r))))
        (local.set $exp (v128.andnot
          (i32x4.add (local.get $exp) (i32x4.shl (local.get $shifted) (i32.const 23)))
          (f32x4.lt (local.get $u) (local.get $least))))
        (local.set $t (f32x4.div (local.get $one)
          (f32x4.relaxed_madd (f32x4.abs (local.get $v)) (local.get $slope) (local.get $one))))
        (local.set $p (f32x4.relaxed_madd (local.get $p7) (local.get $t) (local.get $p6)))
        (local.set $p (f32x4.relaxed_madd (local.get $p) (local.get $t) (local.get $p5)))
        (local.set $p (f32x4.relaxed_madd (local.get $p) (local.get $t) (local.get $p4)))
        (local.set $p (f32x4.relaxed_madd (local.get $p) (local.get $t) (local.get $p3)))
        (local.set $p (f32x4.relaxed_madd (local.get $p) (local.get $t) (local.get $p2)))
        (local.set $p (f32x4.relaxed_madd (local.get $p) (local.get $t) (local.get $p1)))
        (local.set $p (f32x4.relaxed_madd (local.get $p) (local.get $t) (local.get $p0)))
        (local.set $p (f32x4.mul (f32x4.mul (local.get $p) (local.get $t)) (local.get $exp)))
        (local.set $p (v128.bitselect
          (local.get $p)
          (f32x4.sub (local.get $one) (local.get $p))
          (f32x4.lt (local.get $v) (v128.const f32x4 0 0 0 0))))
        (v128.store (local.get $dx) (f32x4.mul (v128.load (local.get $dy))
          (f32x4.relaxed_madd (local.get $exp)
            (f32x4.mul (local.get $v) (local.get $density))
            (local.get $p))))
        (local.set $x (i32.add (local.get $x) (i32.const 16)))
        (local.set $dy (i32.add (local.get $dy) (i32.const 16)))
        (local.set $dx (i32.add (local.get $dx) (i32.const 16)))
        (br $vectors))))

  ;; The sum of the four lanes, in each of them.
  (func $sumLanes (param $v v128) (result v128)
    (local.set $v (f32x4.add (local.get $v)
      (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $v) (local.get $v))))
    (f32x4.add (local.get $v)
      (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $v) (local.get $v))))

  ;; dx = y (dy - sum of y dy) for each row of width floats, a multiple of 4.
  (func (export "softmaxGrad")
    (param $y i32) (param $dy i32) (param $dx i32) (param $rows i32) (param $width i32)
    (local.set $width (i32.shl (local.get $width) (i32.const 2)))
    (block $done
      (loop $eachRow
        (br_if $done (i32.eqz (local.get $rows)))
        (call $softmaxGradRow (local.get $y) (local.get $dy) (local.get $dx) (local.get $width))
        (local.set $y (i32.add (local.get $y) (local.get $width)))
        (local.set $dy (i32.add (local.get $dy) (local.get $width)))
        (local.set $dx (i32.add (local.get $dx) (local.get $width)))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
        (br $eachRow))))

  (func $softmaxGradRow (param $y i32) (param $dy i32) (param $dx i32) (param $bytes i32)
    (local $i i32) (local $sum v128)
    (loop $vectors
      (local.set $sum (f32x4.relaxed_madd
        (v128.load (i32.add (local.get $y) (local.get $i)))
        (v128.load (i32.add (local.get $dy) (local.get $i)))
        (local.get $sum)))
      (br_if $vectors (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $bytes))))
    (local.set $sum (call $sumLanes (local.get $sum)))
    (local.set $i (i32.const 0))
    (loop $vectors
      (v128.store (i32.add (local.get $dx) (local.get $i))
        (f32x4.mul (v128.load (i32.add (local.get $y) (local.get $i)))
          (f32x4.sub (v128.load (i32.add (local.get $dy) (local.get $i))) (local.get $sum))))
      (br_if $vectors (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $bytes)))))

  ;; The gradients of a layer norm of rows of width floats, a multiple of 4: dx, and added
  ;; up over the rows dgamma and dbeta. With n = (x - mean) / deviation and g = dy gamma,
  ;; dx = (g - mean of g - n mean of g n) / deviation.
  (func (export "layerNormGrad")
    (param $x i32) (param $gamma i32) (param $dy i32)
    (param $dx i32) (param $dgamma i32) (param $dbeta i32)
    (param $rows i32) (param $width i32) (param $epsilon f32)
    (local $bytes i32) (local $i i32) (local $share v128) (local $mean v128) (local $inverse v128)
    (local $sum v128) (local $along v128) (local $n v128) (local $g v128)
    (local.set $bytes (i32.shl (local.get $width) (i32.const 2)))
    (local.set $share
      (f32x4.splat (f32.div (f32.const 1) (f32.convert_i32_u (local.get $width)))))
    (memory.fill (local.get $dgamma) (i32.const 0) (local.get $bytes))
    (memory.fill (local.get $dbeta) (i32.const 0) (local.get $bytes))
    (block $done
      (loop $eachRow
        (br_if $done (i32.eqz (local.get $rows)))
        (local.set $sum (v128.const f32x4 0 0 0 0))
        (local.set $i (i32.const 0))
        (loop $vectors
          (local.set $sum (f32x4.add (local.get $sum)
            (v128.load (i32.add (local.get $x) (local.get $i)))))
          (br_if $vectors (i32.lt_u
            (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $bytes))))
        (local.set $mean (f32x4.mul (call $sumLanes (local.get $sum)) (local.get $share)))
        (local.set $sum (v128.const f32x4 0 0 0 0))
        (local.set $i (i32.const 0))
        (loop $vectors
          (local.set $n (f32x4.sub
            (v128.load (i32.add (local.get $x) (local.get $i))) (local.get $mean)))
          (local.set $sum (f32x4.relaxed_madd (local.get $n) (local.get $n) (local.get $sum)))
          (br_if $vectors (i32.lt_u
            (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $bytes))))
        (local.set $inverse (f32x4.div (v128.const f32x4 1 1 1 1)
          (f32x4.sqrt (f32x4.add (f32x4.mul (call $sumLanes (local.get $sum)) (local.get $share))
                                 (f32x4.splat (local.get $epsilon))))))
        (local.set $sum (v128.const f32x4 0 0 0 0))
        (local.set $along (v128.const f32x4 0 0 0 0))
        (local.set $i (i32.const 0))
        (loop $vectors
          (local.set $n (f32x4.mul (local.get $inverse) (f32x4.sub
            (v128.load (i32.add (local.get $x) (local.get $i))) (local.get $mean))))
          (local.set $g (v128.load (i32.add (local.get $dy) (local.get $i))))
          (v128.store (i32.add (local.get $dbeta) (local.get $i))
            (f32x4.add (local.get $g) (v128.load (i32.add (local.get $dbeta) (local.get $i)))))
          (v128.store (i32.add (local.get $dgamma) (local.get $i))
            (f32x4.relaxed_madd (local.get $g) (local.get $n)
              (v128.load (i32.add (local.get $dgamma) (local.get $i)))))
          (local.set $g (f32x4.mul (local.get $g)
            (v128.load (i32.add (local.get $gamma) (local.get $i)))))
          (local.set $sum (f32x4.add (local.get $sum) (local.get $g)))
          (local.set $along (f32x4.relaxed_madd (local.get $g) (local.get $n) (local.get $along)))
          (br_if $vectors (i32.lt_u
            (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $bytes))))
        (local.set $sum (f32x4.mul (call $sumLanes (local.get $sum)) (local.get $share)))
        (local.set $along (f32x4.mul (call $sumLanes (local.get $along)) (local.get $share)))
        (local.set $i (i32.const 0))
        (loop $vectors
          (local.set $n (f32x4.mul (local.get $inverse) (f32x4.sub
            (v128.load (i32.add (local.get $x) (local.get $i))) (local.get $mean))))
          (local.set $g (f32x4.mul
            (v128.load (i32.add (local.get $dy) (local.get $i)))
            (v128.load (i32.add (local.get $gamma) (local.get $i)))))
          (v128.store (i32.add (local.get $dx) (local.get $i))
            (f32x4.mul (local.get $inverse)
              (f32x4.sub (f32x4.sub (local.get $g) (local.get $sum))
                         (f32x4.mul (local.get $n) (local.get $along)))))
          (br_if $vectors (i32.lt_u
            (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $bytes))))
        (local.set $x (i32.add (local.get $x) (local.get $bytes)))
        (local.set $dy (i32.add (local.get $dy) (local.get $bytes)))
        (local.set $dx (i32.add (local.get $dx) (local.get $bytes)))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
        (br $eachRow))))
  ;; c[i][j] = alpha * sum over d of a[i][d] b[j][d] for i, j < n, d < width bytes. Rows of a and
  ;; b are stride bytes apart, those of c are n floats. n is a multiple of 4, width of 16.
  (func $dots
    (param $a i32) (param $b i32) (param $c i32)
    (param $n i32) (param $width i32) (param $stride i32) (param $alpha f32)
    (local $aEnd i32) (local $bEnd i32) (local $bRow i32) (local $d i32)
    (local $p i32) (local $q i32) (local $x v128) (local $y v128) (local $z v128) (local $next i32)
    (local $s00 v128) (local $s01 v128) (local $s02 v128) (local $s03 v128) (local $s10 v128)
    (local $s11 v128) (local $s12 v128) (local $s13 v128)
    (local.set $aEnd (i32.add (local.get $a) (i32.mul (local.get $n) (local.get $stride))))
    (local.set $bEnd (i32.add (local.get $b) (i32.mul (local.get $n) (local.get $stride))))
    (local.set $next (i32.shl (local.get $n) (i32.const 2)))
    (loop $rows
      (local.set $bRow (local.get $b))
      (loop $columns
        (local.set $s00 (v128.const f32x4 0 0 0 0))
        (local.set $s01 (v128.const f32x4 0 0 0 0))
        (local.set $s02 (v128.const f32x4 0 0 0 0))
        (local.set $s03 (v128.const f32x4 0 0 0 0))
        (local.set $s10 (v128.const f32x4 0 0 0 0))
        (local.set $s11 (v128.const f32x4 0 0 0 0))
        (local.set $s12 (v128.const f32x4 0 0 0 0))
        (local.set $s13 (v128.const f32x4 0 0 0 0))
        (local.set $d (i32.const 0))
        (loop $terms
          (local.set $p (i32.add (local.get $a) (local.get $d)))
          (local.set $x (v128.load (local.get $p)))
          (local.set $y (v128.load (i32.add (local.get $p) (local.get $stride))))
          (local.set $q (i32.add (local.get $bRow) (local.get $d)))
          (local.set $z (v128.load (local.get $q)))
          (local.set $s00 (f32x4.relaxed_madd (local.get $x) (local.get $z) (local.get $s00)))
          (local.set $s10 (f32x4.relaxed_madd (local.get $y) (local.get $z) (local.get $s10)))
          (local.set $q (i32.add (local.get $q) (local.get $stride)))
          (local.set $z (v128.load (local.get $q)))
          (local.set $s01 (f32x4.relaxed_madd (local.get $x) (local.get $z) (local.get $s01)))
          (local.set $s11 (f32x4.relaxed_madd (local.get $y) (local.get $z) (local.get $s11)))
          (local.set $q (i32.add (local.get $q) (local.get $stride)))
          (local.set $z (v128.load (local.get $q)))
          (local.set $s02 (f32x4.relaxed_madd (local.get $x) (local.get $z) (local.get $s02)))
          (local.set $s12 (f32x4.relaxed_madd (local.get $y) (local.get $z) (local.get $s12)))
          (local.set $q (i32.add (local.get $q) (local.get $stride)))
          (local.set $z (v128.load (local.get $q)))
          (local.set $s03 (f32x4.relaxed_madd (local.get $x) (local.get $z) (local.get $s03)))
          (local.set $s13 (f32x4.relaxed_madd (local.get $y) (local.get $z) (local.get $s13)))
          (br_if $terms (i32.lt_u
            (local.tee $d (i32.add (local.get $d) (i32.const 16))) (local.get $width))))
        (v128.store (local.get $c) (f32x4.mul (f32x4.splat (local.get $alpha))
          (call $sums (local.get $s00) (local.get $s01) (local.get $s02) (local.get $s03))))
        (v128.store (i32.add (local.get $c) (local.get $next))
          (f32x4.mul (f32x4.splat (local.get $alpha))
            (call $sums (local.get $s10) (local.get $s11) (local.get $s12) (local.get $s13))))
        (local.set $c (i32.add (local.get $c) (i32.const 16)))
        (local.set $bRow (i32.add (local.get $bRow) (i32.shl (local.get $stride) (i32.const 2))))
        (br_if $columns (i32.lt_u (local.get $bRow) (local.get $bEnd))))
      (local.set $c (i32.add (local.get $c) (local.get $next)))
      (local.set $a (i32.add (local.get $a) (i32.shl (local.get $stride) (i32.const 1))))
      (br_if $rows (i32.lt_u (local.get $a) (local.get $aEnd)))))

  ;; The sums of the lanes of four vectors, as one vector.
  (func $sums (param $a v128) (param $b v128) (param $c v128) (param $d v128) (result v128)
    (local.set $a (f32x4.add
      (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $a) (local.get $b))
      (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $a) (local.get $b))))
    (local.set $c (f32x4.add
      (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $c) (local.get $d))
      (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $c) (local.get $d))))
    (f32x4.add
      (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $a) (local.get $c))
      (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $a) (local.get $c))))

  ;; c[i][d] = alpha * sum over j of w[i][j] b[j][d] for i, j < n, d < width bytes. Rows of b and
  ;; c are stride bytes apart; w[i][j] lies i * down + j * right bytes from w, so that it may
  ;; be read transposed. n is a multiple of 4, width of 32.
  (func $mixes
    (param $w i32) (param $down i32) (param $right i32) (param $b i32) (param $c i32)
    (param $n i32) (param $width i32) (param $stride i32) (param $alpha f32)
    (local $cEnd i32) (local $bEnd i32) (local $d i32) (local $p i32) (local $q i32)
    (local $x v128) (local $y v128) (local $z v128)
    (local $s00 v128) (local $s01 v128) (local $s10 v128) (local $s11 v128) (local $s20 v128)
    (local $s21 v128) (local $s30 v128) (local $s31 v128)
    (local.set $cEnd (i32.add (local.get $c) (i32.mul (local.get $n) (local.get $stride))))
    (local.set $bEnd (i32.add (local.get $b) (i32.mul (local.get $n) (local.get $stride))))
    (loop $rows
      (local.set $d (i32.const 0))
      (loop $columns
        (local.set $s00 (v128.const f32x4 0 0 0 0))
        (local.set $s01 (v128.const f32x4 0 0 0 0))
        (local.set $s10 (v128.const f32x4 0 0 0 0))
        (local.set $s11 (v128.const f32x4 0 0 0 0))
        (local.set $s20 (v128.const f32x4 0 0 0 0))
        (local.set $s21 (v128.const f32x4 0 0 0 0))
        (local.set $s30 (v128.const f32x4 0 0 0 0))
        (local.set $s31 (v128.const f32x4 0 0 0 0))
        (local.set $p (local.get $w))
        (local.set $q (i32.add (local.get $b) (local.get $d)))
        (local.set $cEnd (i32.add (local.get $bEnd) (local.get $d)))
        (loop $terms
          (local.set $x (v128.load (local.get $q)))
          (local.set $y (v128.load offset=16 (local.get $q)))
          (local.set $z (v128.load32_splat (local.get $p)))
          (local.set $s00 (f32x4.relaxed_madd (local.get $z) (local.get $x) (local.get $s00)))
          (local.set $s01 (f32x4.relaxed_madd (local.get $z) (local.get $y) (local.get $s01)))
          (local.set $z (v128.load32_splat (i32.add (local.get $p) (local.get $down))))
          (local.set $s10 (f32x4.relaxed_madd (local.get $z) (local.get $x) (local.get $s10)))
          (local.set $s11 (f32x4.relaxed_madd (local.get $z) (local.get $y) (local.get $s11)))
          (local.set $z (v128.load32_splat (i32.add (local.get $p) (i32.shl (local.get $down) (i32.const 1)))))
          (local.set $s20 (f32x4.relaxed_madd (local.get $z) (local.get $x) (local.get $s20)))
          (local.set $s21 (f32x4.relaxed_madd (local.get $z) (local.get $y) (local.get $s21)))
          (local.set $z (v128.load32_splat (i32.add (local.get $p) (i32.mul (local.get $down) (i32.const 3)))))
          (local.set $s30 (f32x4.relaxed_madd (local.get $z) (local.get $x) (local.get $s30)))
          (local.set $s31 (f32x4.relaxed_madd (local.get $z) (local.get $y) (local.get $s31)))
          (local.set $p (i32.add (local.get $p) (local.get $right)))
          (local.set $q (i32.add (local.get $q) (local.get $stride)))
          (br_if $terms (i32.lt_u (local.get $q) (local.get $cEnd))))
        (local.set $q (i32.add (local.get $c) (local.get $d)))
        (v128.store (local.get $q) (f32x4.mul (local.get $s00) (f32x4.splat (local.get $alpha))))
        (v128.store offset=16 (local.get $q)
          (f32x4.mul (local.get $s01) (f32x4.splat (local.get $alpha))))
        (local.set $q (i32.add (local.get $q) (local.get $stride)))
        (v128.store (local.get $q) (f32x4.mul (local.get $s10) (f32x4.splat (local.get $alpha))))
        (v128.store offset=16 (local.get $q)
          (f32x4.mul (local.get $s11) (f32x4.splat (local.get $alpha))))
        (local.set $q (i32.add (local.get $q) (local.get $stride)))
        (v128.store (local.get $q) (f32x4.mul (local.get $s20) (f32x4.splat (local.get $alpha))))
        (v128.store offset=16 (local.get $q)
          (f32x4.mul (local.get $s21) (f32x4.splat (local.get $alpha))))
        (local.set $q (i32.add (local.get $q) (local.get $stride)))
        (v128.store (local.get $q) (f32x4.mul (local.get $s30) (f32x4.splat (local.get $alpha))))
        (v128.store offset=16 (local.get $q)
          (f32x4.mul (local.get $s31) (f32x4.splat (local.get $alpha))))
        (br_if $columns (i32.lt_u
          (local.tee $d (i32.add (local.get $d) (i32.const 32))) (local.get $width))))
      (local.set $w (i32.add (local.get $w) (i32.shl (local.get $down) (i32.const 2))))
      (local.set $c (i32.add (local.get $c) (i32.shl (local.get $stride) (i32.const 2))))
      (local.set $n (i32.sub (local.get $n) (i32.const 4)))
      (br_if $rows (local.get $n))))

  ;; x = softmax(x + bias) for a row of some bytes, a multiple of 16; a bias of -1 is none.
  (func $softmaxRow (param $x i32) (param $bias i32) (param $bytes i32)
    (local $i i32) (local $v v128) (local $most v128) (local $sum v128)
    (local $exp v128) (local $r v128) (local $shifted v128)
    (local $one v128) (local $log2e v128) (local $round v128) (local $ln2High v128)
    (local $ln2Low v128) (local $e5 v128) (local $e4 v128) (local $e3 v128) (local $e2 v128)
    (local $e1 v128) (local $e0 v128) (local $least v128)
    (local.set $one (global.get $one))
    (local.set $log2e (global.get $log2e))
    (local.set $round (global.get $round))
    (local.set $ln2High (global.get $ln2High))
    (local.set $ln2Low (global.get $ln2Low))
    (local.set $e5 (global.get $e5))
    (local.set $e4 (global.get $e4))
    (local.set $e3 (global.get $e3))
    (local.set $e2 (global.get $e2))
    (local.set $e1 (global.get $e1))
    (local.set $e0 (global.get $e0))
    (local.set $least (global.get $least))
    (local.set $most (v128.const f32x4 -inf -inf -inf -inf))
    (loop $vectors
      (local.set $v (v128.load (i32.add (local.get $x) (local.get $i))))
      (if (i32.ne (local.get $bias) (i32.const -1))
        (then
          (local.set $v (f32x4.add (local.get $v)
            (v128.load (i32.add (local.get $bias) (local.get $i)))))
          (v128.store (i32.add (local.get $x) (local.get $i)) (local.get $v))))
      (local.set $most (f32x4.pmax (local.get $v) (local.get $most)))
      (br_if $vectors (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $bytes))))
    (local.set $most (f32x4.pmax (local.get $most)
      (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $most) (local.get $most))))
    (local.set $most (f32x4.pmax (local.get $most)
      (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $most) (local.get $most))))
    (local.set $i (i32.const 0))
    (loop $vectors
      (local.set $v (f32x4.sub
        (v128.load (i32.add (local.get $x) (local.get $i))) (local.get $most)))
      (local.set $shifted (f32x4.relaxed_madd (local.get $v) (local.get $log2e) (local.get $round)))
      (local.set $exp (f32x4.sub (local.get $shifted) (local.get $round)))
      (local.set $r (f32x4.relaxed_madd (local.get $exp) (local.get $ln2High) (local.get $v)))
      (local.set $r (f32x4.relaxed_madd (local.get $exp) (local.get $ln2Low) (local.get $r)))
      (local.set $exp (f32x4.relaxed_madd (local.get $e5) (local.get $r) (local.get $e4)))
      (local.set $exp (f32x4.relaxed_madd (local.get $exp) (local.get $r) (local.get $e3)))
      (local.set $exp (f32x4.relaxed_madd (local.get $exp) (local.get $r) (local.get $e2)))
      (local.set $exp (f32x4.relaxed_madd (local.get $exp) (local.get $r) (local.get $e1)))
      (local.set $exp (f32x4.relaxed_madd (local.get $exp) (local.get $r) (local.get $e0)))
      (local.set $exp (f32x4.add (local.get $one) (f32x4.relaxed_madd (local.get $exp)
        (f32x4.mul (local.get $r) (local.get $r)) (local.get $r))))
      (local.set $exp (v128.andnot
        (i32x4.add (local.get $exp) (i32x4.shl (local.get $shifted) (i32.const 23)))
        (f32x4.lt (local.get $v) (local.get $least))))
      (local.set $sum (f32x4.add (local.get $sum) (local.get $exp)))
      (v128.store (i32.add (local.get $x) (local.get $i)) (local.get $exp))
      (br_if $vectors (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $bytes))))
    (local.set $sum (f32x4.div (local.get $one) (call $sumLanes (local.get $sum))))
    (local.set $i (i32.const 0))
    (loop $vectors
      (v128.store (i32.add (local.get $x) (local.get $i))
        (f32x4.mul (v128.load (i32.add (local.get $x) (local.get $i))) (local.get $sum)))
      (br_if $vectors (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $bytes)))))

  ;; c = a b for some bytes, a multiple of 16.
  (func $multiply (param $a i32) (param $b i32) (param $c i32) (param $bytes i32)
    (local $i i32)
    (loop $vectors
      (v128.store (i32.add (local.get $c) (local.get $i)) (f32x4.mul
        (v128.load (i32.add (local.get $a) (local.get $i)))
        (v128.load (i32.add (local.get $b) (local.get $i)))))
      (br_if $vectors (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $bytes)))))

  ;; Attention of rows of n tokens: q, k, v and out are [rows, n, heads, width in bytes], bias is
  ;; [rows, n], mask and weights are [rows, heads, n, n]; bias and mask may be -1. The weights
  ;; are kept for the gradient. scratch has n * n floats.
  (func (export "attention")
    (param $q i32) (param $k i32) (param $v i32) (param $bias i32) (param $mask i32)
    (param $out i32) (param $weights i32) (param $scratch i32)
    (param $rows i32) (param $n i32) (param $heads i32) (param $width i32) (param $scale f32)
    (local $stride i32) (local $head i32) (local $right i32) (local $square i32)
    (local $i i32) (local $used i32) (local $skip i32)
    (local.set $stride (i32.mul (local.get $heads) (local.get $width)))
    (local.set $right (i32.shl (local.get $n) (i32.const 2)))
    (local.set $square (i32.mul (local.get $n) (local.get $right)))
    (local.set $skip (i32.mul (i32.sub (local.get $n) (i32.const 1)) (local.get $stride)))
    (loop $eachRow
      (local.set $head (local.get $heads))
      (loop $eachHead
        (call $dots (local.get $q) (local.get $k) (local.get $weights)
          (local.get $n) (local.get $width) (local.get $stride) (local.get $scale))
        (local.set $i (i32.const 0))
        (loop $tokens
          (call $softmaxRow (i32.add (local.get $weights) (local.get $i))
            (local.get $bias) (local.get $right))
          (br_if $tokens (i32.lt_u
            (local.tee $i (i32.add (local.get $i) (local.get $right))) (local.get $square))))
        (local.set $used (local.get $weights))
        (if (i32.ne (local.get $mask) (i32.const -1))
          (then
            (local.set $used (local.get $scratch))
            (call $multiply (local.get $weights) (local.get $mask) (local.get $scratch)
              (local.get $square))
            (local.set $mask (i32.add (local.get $mask) (local.get $square)))))
        (call $mixes (local.get $used) (local.get $right) (i32.const 4)
          (local.get $v) (local.get $out)
          (local.get $n) (local.get $width) (local.get $stride) (f32.const 1))
        (local.set $weights (i32.add (local.get $weights) (local.get $square)))
        (local.set $q (i32.add (local.get $q) (local.get $width)))
        (local.set $k (i32.add (local.get $k) (local.get $width)))
        (local.set $v (i32.add (local.get $v) (local.get $width)))
        (local.set $out (i32.add (local.get $out) (local.get $width)))
        (br_if $eachHead (local.tee $head (i32.sub (local.get $head) (i32.const 1)))))
      (local.set $q (i32.add (local.get $q) (local.get $skip)))
      (local.set $k (i32.add (local.get $k) (local.get $skip)))
      (local.set $v (i32.add (local.get $v) (local.get $skip)))
      (local.set $out (i32.add (local.get $out) (local.get $skip)))
      (if (i32.ne (local.get $bias) (i32.const -1))
        (then (local.set $bias (i32.add (local.get $bias) (local.get $right)))))
      (br_if $eachRow (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; The gradients of attention with respect to q, k and v; shapes as there, and scratch has
  ;; twice n * n floats.
  (func (export "attentionGrad")
    (param $q i32) (param $k i32) (param $v i32) (param $weights i32) (param $mask i32)
    (param $dout i32) (param $dq i32) (param $dk i32) (param $dv i32) (param $scratch i32)
    (param $rows i32) (param $n i32) (param $heads i32) (param $width i32) (param $scale f32)
    (local $stride i32) (local $head i32) (local $right i32) (local $square i32)
    (local $i i32) (local $used i32) (local $masked i32) (local $offset i32) (local $at i32)
    (local.set $stride (i32.mul (local.get $heads) (local.get $width)))
    (local.set $right (i32.shl (local.get $n) (i32.const 2)))
    (local.set $square (i32.mul (local.get $n) (local.get $right)))
    (local.set $masked (i32.add (local.get $scratch) (local.get $square)))
    (loop $eachRow
      (local.set $head (local.get $heads))
      (local.set $at (local.get $offset))
      (loop $eachHead
        (call $dots
          (i32.add (local.get $dout) (local.get $at)) (i32.add (local.get $v) (local.get $at))
          (local.get $scratch)
          (local.get $n) (local.get $width) (local.get $stride) (f32.const 1))
        (local.set $used (local.get $weights))
        (if (i32.ne (local.get $mask) (i32.const -1))
          (then
            (local.set $used (local.get $masked))
            (call $multiply (local.get $weights) (local.get $mask) (local.get $masked)
              (local.get $square))
            (call $multiply (local.get $scratch) (local.get $mask) (local.get $scratch)
              (local.get $square))
            (local.set $mask (i32.add (local.get $mask) (local.get $square)))))
        (call $mixes (local.get $used) (i32.const 4) (local.get $right)
          (i32.add (local.get $dout) (local.get $at)) (i32.add (local.get $dv) (local.get $at))
          (local.get $n) (local.get $width) (local.get $stride) (f32.const 1))
        (local.set $i (i32.const 0))
        (loop $tokens
          (call $softmaxGradRow
            (i32.add (local.get $weights) (local.get $i))
            (i32.add (local.get $scratch) (local.get $i))
            (i32.add (local.get $scratch) (local.get $i))
            (local.get $right))
          (br_if $tokens (i32.lt_u
            (local.tee $i (i32.add (local.get $i) (local.get $right))) (local.get $square))))
        (call $mixes (local.get $scratch) (local.get $right) (i32.const 4)
          (i32.add (local.get $k) (local.get $at)) (i32.add (local.get $dq) (local.get $at))
          (local.get $n) (local.get $width) (local.get $stride) (local.get $scale))
        (call $mixes (local.get $scratch) (i32.const 4) (local.get $right)
          (i32.add (local.get $q) (local.get $at)) (i32.add (local.get $dk) (local.get $at))
          (local.get $n) (local.get $width) (local.get $stride) (local.get $scale))
        (local.set $weights (i32.add (local.get $weights) (local.get $square)))
        (local.set $at (i32.add (local.get $at) (local.get $width)))
        (br_if $eachHead (local.tee $head (i32.sub (local.get $head) (i32.const 1)))))
      (local.set $offset (i32.add (local.get $offset)
        (i32.mul (local.get $n) (local.get $stride))))
      (br_if $eachRow (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))
)
