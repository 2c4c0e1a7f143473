;; A result of a hundred thousand arrays, each in the next.
(data (i32.const 90000) "{\"structuredContent\":")
(func (export "call-tool") (param i32 i32 i32 i32) (result i32)
  (drop (memory.grow (i32.const 4)))
  (memory.copy (i32.const 131072) (i32.const 90000) (i32.const 21))
  (memory.fill (i32.const 131093) (i32.const 91) (i32.const 100000))
  (memory.fill (i32.const 231093) (i32.const 93) (i32.const 100000))
  (i32.store8 (i32.const 331093) (i32.const 125))
  (call $text (i32.const 131072) (i32.const 200022)))
