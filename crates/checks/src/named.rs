//! Rows found by the name that they have: one for each of thousands would else be sought among thousands.

use std::collections::BTreeMap;

/// Rows by their name; of rows of the same name the first.
pub(crate) type Named<'a, T> = BTreeMap<&'a str, &'a T>;

/// Rows by the name that `name` reads.
pub(crate) fn by_name<'a, T>(
    rows: impl IntoIterator<Item = &'a T>,
    name: impl Fn(&'a T) -> &'a str,
) -> Named<'a, T> {
    let mut named = BTreeMap::new();
    for row in rows {
        named.entry(name(row)).or_insert(row);
    }
    named
}

#[cfg(test)]
mod tests {
    use super::by_name;

    #[test]
    fn the_first_of_a_name_is_found() {
        let rows = ["a1", "b1", "a2"].map(str::to_owned);
        let named = by_name(&rows, |row| &row[..1]);
        assert_eq!(named.get("a").map(|row| row.as_str()), Some("a1"));
        assert_eq!(named.len(), 2);
    }
}
