;; Two functions that call each other through a table, where no compiler sees it.
(type $nothing (func))
(table 2 funcref)
(elem (i32.const 0) $ping $pong)
(func $ping (call_indirect (type $nothing) (i32.const 1)) (call_indirect (type $nothing) (i32.const 1)))
(func $pong (call_indirect (type $nothing) (i32.const 0)) (call_indirect (type $nothing) (i32.const 0)))
(func (export "call-tool") (param i32 i32 i32 i32) (result i32)
  (call $ping)
  (unreachable))
