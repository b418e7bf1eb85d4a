//! What a tree is made of.

use cel::{
    IdedExpr,
    common::ast::{EntryExpr, Expr},
};

/// One function for trees that are looked at, and one for those that are changed.
macro_rules! parts_of {
    ($(#[$doc:meta])* $name:ident, $part:ty, $iter:ident, $as_deref:ident, $entry:ident, $($of:tt)+) => {
        $(#[$doc])*
        pub fn $name(part: $part) -> Vec<$part> {
            match $($of)+ part.expr {
                Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
                Expr::Call(call) => call.target.$as_deref().into_iter().chain(call.args.$iter()).collect(),
                Expr::Comprehension(each) => vec![
                    $($of)+ each.iter_range,
                    $($of)+ each.accu_init,
                    $($of)+ each.loop_cond,
                    $($of)+ each.loop_step,
                    $($of)+ each.result,
                ],
                Expr::List(list) => list.elements.$iter().collect(),
                Expr::Map(map) => map.entries.$iter().flat_map(|one| $entry($($of)+ one.expr)).collect(),
                Expr::Struct(made) => made.entries.$iter().flat_map(|one| $entry($($of)+ one.expr)).collect(),
                Expr::Select(select) => vec![$($of)+ select.operand],
            }
        }
    };
}

parts_of!(
    /// The parts that a part is made of, those that a macro becomes among them.
    children, &IdedExpr, iter, as_deref, entry, &
);
parts_of!(
    /// The parts that a part is made of, to be changed.
    children_mut, &mut IdedExpr, iter_mut, as_deref_mut, entry_mut, &mut
);

fn entry(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

fn entry_mut(entry: &mut EntryExpr) -> Vec<&mut IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&mut field.value],
        EntryExpr::MapEntry(entry) => vec![&mut entry.key, &mut entry.value],
    }
}

/// How many parts lie within each other, the outermost among them. Each takes some kilobytes of stack while it runs.
pub fn depth(part: &IdedExpr) -> usize {
    1 + children(part)
        .into_iter()
        .map(depth)
        .max()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    /// Names in each place in which an expression can have a part.
    const EVERYWHERE: &str = "[a, {b: c}, T{f: d}, e.member, f.size(g), h.exists(x, i)].size() > j";

    fn names(part: &IdedExpr) -> Vec<String> {
        let mut names: Vec<_> = children(part).into_iter().flat_map(names).collect();
        if let Expr::Ident(name) = &part.expr {
            names.push(name.clone());
        }
        names
    }

    #[test]
    fn no_part_is_passed_over() {
        let seen = names(&parse(EVERYWHERE, 24, 600).unwrap());
        for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
            assert!(seen.iter().any(|one| one == name), "{name} of {seen:?}");
        }
    }

    #[test]
    fn the_same_parts_are_there_to_be_changed() {
        fn rename(part: &mut IdedExpr) {
            if let Expr::Ident(name) = &mut part.expr {
                name.push('!');
            }
            children_mut(part).into_iter().for_each(rename);
        }
        let mut parsed = parse(EVERYWHERE, 24, 600).unwrap();
        let before = names(&parsed);
        rename(&mut parsed);
        let expected: Vec<_> = before.into_iter().map(|name| name + "!").collect();
        assert_eq!(names(&parsed), expected);
    }

    #[test]
    fn depth_is_that_of_the_deepest_part() {
        for (text, deep) in [
            ("a", 1),
            ("a.b.c", 3),
            ("a || b.c.d", 4),
            ("[[1], [[2]]]", 4),
        ] {
            assert_eq!(depth(&parse(text, 24, 600).unwrap()), deep, "{text}");
        }
    }
}
