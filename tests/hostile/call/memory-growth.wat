;; Memory, a mebibyte at a time, without end.
(func (export "call-tool") (param i32 i32 i32 i32) (result i32)
  (loop $again
    (drop (memory.grow (i32.const 16)))
    (br $again))
  (unreachable))
