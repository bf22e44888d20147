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
    (param $tag i32) (param $threshold i32) (param $kept f32)
    (local $end i32) (local $block v128) (local $round i32) (local $k0 i32) (local $k1 i32)
    (local $c0 v128) (local $c1 v128) (local $c2 v128) (local $c3 v128)
    (local $high0 v128) (local $high1 v128) (local $m0 v128) (local $m1 v128)
    (local $limit v128) (local $value v128)
    (local.set $end (i32.add (local.get $out) (i32.shl (local.get $count) (i32.const 2))))
    (local.set $m0 (i32x4.splat (i32.const 0xD2511F53)))
    (local.set $m1 (i32x4.splat (i32.const 0xCD9E8D57)))
    (local.set $limit (i32x4.splat (local.get $threshold)))
    (local.set $value (f32x4.splat (local.get $kept)))
    (local.set $block (v128.const i32x4 0 1 2 3))
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
)
