;; A result that is no UTF-8.
(func (export "call-tool") (param i32 i32 i32 i32) (result i32)
  (memory.fill (i32.const 90000) (i32.const 255) (i32.const 100))
  (call $text (i32.const 90000) (i32.const 100)))
