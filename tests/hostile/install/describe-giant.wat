;; A description of 16 MiB.
(func (export "describe") (result i32)
  (drop (memory.grow (i32.const 260)))
  (call $text (i32.const 131072) (i32.const 16777216)))
