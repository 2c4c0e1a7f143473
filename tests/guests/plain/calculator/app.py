"""A plain component: functions of its own, and nothing of koi-mcp."""

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.calculate import Op, Step


class Calculate(exports.Calculate):
    def eval_expression(self, op: Op, x: int, y: int) -> int:
        match op:
            case Op.ADD:
                return x + y
            case Op.SUBTRACT:
                return x - y
            case Op.MULTIPLY:
                return x * y
            case Op.DIVIDE if y == 0:
                raise Err("nothing is divided by 0")
            case Op.DIVIDE:
                return x // y

    def eval_steps(self, start: int, steps: list[Step]) -> tuple[int, list[Op]]:
        result = start
        for step in steps:
            result = self.eval_expression(step.op, result, step.by)
        return result, [step.op for step in steps]
