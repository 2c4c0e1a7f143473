;; Host calls without end, each with all the text that one may have.
(func (export "call-tool") (param i32 i32 i32 i32) (result i32)
  (drop (memory.grow (i32.const 120)))
  (loop $again
    (call $caller-log (i32.const 48) (i32.const 4) (i32.const 131072) (i32.const 7000000))
    (br $again))
  (unreachable))
