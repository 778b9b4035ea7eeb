//! The released rows as files and as answers to queries.

use arrow::array::{Array, Float64Array, Int64Array};

use super::cohort::{in_period, key, mean, rate, strict};
use crate::estimate::result::{CellKey, Estimand, Population};
use crate::model::attrition::Attrition;
use crate::protocol::DisclosureProfile;
use crate::publish::disclosure::{Released, release};
use crate::publish::results::{Axis, COLUMNS, Query, record_batch, result_id, write_csv};

fn table() -> Released {
    let site = |site: &str, with, of| {
        let newest = in_period(key("response_30"), Population::Quarter, "2026Q2", "2026Q2");
        rate(CellKey { site: site.to_owned(), ..newest }, with, of)
    };
    let mut flow = Attrition::default();
    flow.start("rows_read", "Rows read", "rows", 300);
    release(vec![site("all", 50, 120), site("=A1", 20, 60), site("b,\"2\"", 30, 60)], &[], &flow, &strict(11))
}

fn csv(table: &Released) -> String {
    let mut bytes = Vec::new();
    write_csv(table, &mut bytes).expect("writing to memory cannot fail");
    String::from_utf8(bytes).expect("results are UTF-8")
}

#[test]
fn csv_has_the_columns_of_the_design_and_quotes_only_what_must_be() {
    let text = csv(&table());
    let lines: Vec<&str> = text.lines().collect();
    let header = "result_id,measure_id,measure_version,population,site,condition,stratum_name,stratum_level,\
                  period_start,period_end,horizon,statistic,value,unit,n,numerator,denominator,ci_low,ci_high,\
                  ci_level,ci_method,p_value,p_adjusted,adjust_method,estimand,suppression,reason,status,message,maturity";
    assert_eq!(lines[0], header);
    assert_eq!(
        lines[1],
        "attrition/to_date/all/all/all/step=rows_read/all/NRI/count,attrition,1,to_date,all,all,step,rows_read,\
         ,,all,count,300,rows,,,,,,,,,,,NRI,none,,ok,Rows read,mature"
    );
    assert_eq!(
        lines[2],
        "response_30/quarter/2026Q2/%3DA1/all/all/12w/NRI/rate,response_30,1,quarter,=A1,all,all,all,\
         2026-04-01,2026-06-30,12w,rate,0.3333333333333333,share,60,20,60,0.1,0.9,0.95,wilson,,,,NRI,none,,ok,,mature"
    );
    assert!(lines[4].contains(",quarter,\"b,\"\"2\"\"\",all,"), "{}", lines[4]);
    assert!(text.ends_with('\n') && !text.contains('\r'));
}

#[test]
fn a_hidden_number_is_empty_and_never_zero() {
    let alone = DisclosureProfile { complementary: false, ..strict(11) };
    let hidden = release(vec![mean(key("pain_delta"), 7)], &[], &Attrition::default(), &alone);
    let text = csv(&hidden);
    assert!(text.contains(",mean,,points,,,,,,,,,,,NRI,primary,fewer than 11,ok,,mature\n"), "{text}");
    let batch = record_batch(&hidden);
    let number = |name: &str| batch.column_by_name(name).expect("a column of the design").clone();
    let value = number("value").as_any().downcast_ref::<Float64Array>().expect("a number").is_null(0);
    let n = number("n").as_any().downcast_ref::<Int64Array>().expect("a count").is_null(0);
    assert!(value && n);
}

#[test]
fn the_record_batch_holds_every_row_and_column() {
    let table = table();
    let batch = record_batch(&table);
    assert_eq!((batch.num_rows(), batch.num_columns()), (table.rows().len(), COLUMNS.len()));
    assert_eq!(batch.schema().field(0).name(), "result_id");
}

#[test]
fn queries_find_rows_by_their_parts() {
    let table = table();
    let everyone = Query::everyone("response_30", Population::Quarter, "12w", Estimand::Nri, "rate");
    assert_eq!(table.find(everyone).and_then(|row| row.n), Some(120));
    assert_eq!(table.find(Query { site: "=A1", ..everyone }).and_then(|row| row.numerator), Some(20));
    assert!(table.find(Query { horizon: "4w", ..everyone }).is_none());
    let sites: Vec<&str> = table.along(everyone, Axis::Site).map(|row| row.site.as_str()).collect();
    assert_eq!(sites, ["=A1", "b,\"2\""]);
    assert_eq!(table.series(everyone).count(), 1);
    let id = "response_30/quarter/2026Q2/all/all/all/12w/NRI/rate";
    assert_eq!(table.by_id(id).map(|row| row.site.as_str()), Some("all"));
}

#[test]
fn an_id_names_the_period_and_escapes_what_would_break_it() {
    let id = |first: &str, last: &str| result_id(&in_period(key("m"), Population::ToDate, first, last), "rate");
    assert_eq!(id("2026-07", "2026-07"), "m/to_date/2026-07/all/all/all/12w/NRI/rate");
    assert_eq!(id("2026Q1", "2026Q4"), "m/to_date/2026/all/all/all/12w/NRI/rate");
    assert_eq!(id("2025Q3", "2026Q2"), "m/to_date/2025-07-01..2026-06-30/all/all/all/12w/NRI/rate");
    let odd =
        CellKey { site: "a/b c".to_owned(), stratum_name: "x=y".to_owned(), stratum_level: "z".to_owned(), ..key("m") };
    assert_eq!(result_id(&odd, "rate"), "m/quarter/all/a%2Fb%20c/all/x%3Dy=z/12w/NRI/rate");
}
