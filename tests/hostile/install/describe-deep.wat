;; A description that is nested half a million times.
(func (export "describe") (result i32)
  (drop (memory.grow (i32.const 16)))
  (memory.fill (i32.const 131072) (i32.const 91) (i32.const 500000))
  (i32.store8 (i32.const 131071) (i32.const 123))
  (call $text (i32.const 131071) (i32.const 500001)))
