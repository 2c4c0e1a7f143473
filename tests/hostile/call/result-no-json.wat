;; Text that is no JSON.
(func (export "call-tool") (param i32 i32 i32 i32) (result i32)
  (call $text (i32.const 16) (i32.const 18)))
