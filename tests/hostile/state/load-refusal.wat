;; Does not want what it saved itself, and says so.
(func (export "save") (result i32)
  (call $text (i32.const 16) (i32.const 18)))
(func (export "load") (param i32 i32) (result i32)
  (call $fail (i32.const 1) (i32.const 16) (i32.const 18)))
