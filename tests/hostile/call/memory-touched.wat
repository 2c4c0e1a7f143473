;; Memory that is written to as it grows, so that the machine has to find it.
(func (export "call-tool") (param i32 i32 i32 i32) (result i32)
  (local $at i32)
  (loop $again
    (local.set $at (i32.shl (memory.grow (i32.const 16)) (i32.const 16)))
    (memory.fill (local.get $at) (i32.const 85) (i32.const 1048576))
    (br $again))
  (unreachable))
