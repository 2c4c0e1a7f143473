;; Four thousand million elements, in one request; whoever is refused them gives up.
(table $t 1 funcref)
(func (export "call-tool") (param i32 i32 i32 i32) (result i32)
  (if (i32.eq (table.grow $t (ref.null func) (i32.const 0xfffffff0)) (i32.const -1))
    (then (unreachable)))
  (unreachable))
