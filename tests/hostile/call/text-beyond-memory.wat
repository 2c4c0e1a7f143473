;; A result that would lie outside of the guest's memory.
(func (export "call-tool") (param i32 i32 i32 i32) (result i32)
  (call $text (i32.const -16) (i32.const 1000)))
