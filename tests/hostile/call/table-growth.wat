;; A table without end.
(table $t 1 funcref)
(func (export "call-tool") (param i32 i32 i32 i32) (result i32)
  (loop $again
    (drop (table.grow $t (ref.null func) (i32.const 1000)))
    (br $again))
  (unreachable))
