;; A call of a function that is not there.
(type $nothing (func))
(table 1 funcref)
(func (export "call-tool") (param i32 i32 i32 i32) (result i32)
  (call_indirect (type $nothing) (i32.const 0))
  (unreachable))
