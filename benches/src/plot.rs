//! The results as pictures.

use crate::{
    operation::{OPERATIONS, USUAL_SIZE},
    report::name,
    results::{BARE, OURS, PYTHON, Results},
};
use anyhow::{Result, anyhow};
use plotters::prelude::*;
use std::path::Path;

const SUBJECTS: [(&str, RGBColor); 3] =
    [(BARE, RGBColor(0x88, 0x88, 0x88)), (PYTHON, RGBColor(0xd9, 0x8c, 0x3f)), (OURS, RGBColor(0x2b, 0x6c, 0xb0))];
const SIZE: (u32, u32) = (860, 440);
const FONT: &str = "sans-serif";

/// An operation's cost against the payload, on logarithmic axes.
pub fn payloads(file: &Path, results: &Results, operation: &str) -> Result<()> {
    let points = |subject: &str| -> Vec<(f64, f64)> {
        let all = results.measurements.iter().filter(|m| m.operation == operation && m.subject == subject);
        // No payload has no place on a logarithmic axis.
        all.filter_map(|m| Some((m.size.max(8) as f64, m.median?))).collect()
    };
    let costs: Vec<f64> = SUBJECTS.iter().flat_map(|(subject, _)| points(subject)).map(|(_, cost)| cost).collect();
    let (least, most) = range(&costs)?;
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    let draw = || -> Result<(), DrawingAreaErrorKind<_>> {
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(format!("{operation}: instructions by payload"), (FONT, 18))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(80)
            .build_cartesian_2d((8.0..32768.0).log_scale(), (least * 0.7..most * 1.4).log_scale())?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .x_desc("payload, bytes (the leftmost point: none)")
            .y_desc("instructions")
            .x_label_formatter(&|size| format!("{size:.0}"))
            .y_label_formatter(&|cost| format!("{cost:.0}"))
            .draw()?;
        for (subject, colour) in SUBJECTS {
            chart
                .draw_series(LineSeries::new(points(subject), colour.stroke_width(2)).point_size(3))?
                .label(if subject == BARE { "bare socket: the limit" } else { name(subject) })
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(3)));
        }
        chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).label_font((FONT, 14)).draw()?;
        area.present()
    };
    draw().map_err(|error| anyhow!("{}: {error}", file.display()))
}

/// What each operation costs, as a multiple of the bare socket.
pub fn operations(file: &Path, results: &Results) -> Result<()> {
    let ratio = |operation: &str, subject: &str| results.ratio(results.find(operation, USUAL_SIZE, subject)?);
    let shown: Vec<_> = OPERATIONS.iter().filter(|o| ratio(o.name, OURS).is_some()).map(|o| o.name).collect();
    let all: Vec<f64> = shown.iter().flat_map(|o| [PYTHON, OURS].map(|s| ratio(o, s))).flatten().chain([1.0]).collect();
    let (_, most) = range(&all)?;
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    let draw = || -> Result<(), DrawingAreaErrorKind<_>> {
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(format!("Cost with a payload of {USUAL_SIZE} B, as a multiple of the bare socket"), (FONT, 18))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(170)
            .build_cartesian_2d(0.0..most * 1.08, 0.0..shown.len() as f64)?;
        let label = |y: &f64| {
            let place = shown.len() as f64 - y;
            if place.fract() == 0.5 { shown[place as usize].to_owned() } else { String::new() }
        };
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .y_labels(0)
            .light_line_style(WHITE)
            .x_desc("×")
            .draw()?;
        for (row, operation) in shown.iter().enumerate() {
            let top = (shown.len() - row) as f64;
            for (slot, (subject, colour)) in SUBJECTS[1..].iter().enumerate() {
                let Some(ratio) = ratio(operation, subject) else { continue };
                let high = top - 0.15 - 0.35 * slot as f64;
                chart.draw_series([Rectangle::new([(0.0, high), (ratio, high - 0.33)], colour.filled())])?;
            }
            let (x, y) = chart.backend_coord(&(0.0, top - 0.5));
            let style = TextStyle::from((FONT, 14)).pos(plotters::style::text_anchor::Pos::new(
                plotters::style::text_anchor::HPos::Right,
                plotters::style::text_anchor::VPos::Center,
            ));
            area.draw(&Text::new(label(&(top - 0.5)), (x - 8, y), style))?;
        }
        chart.draw_series([PathElement::new([(1.0, 0.0), (1.0, shown.len() as f64)], BLACK.stroke_width(1))])?;
        for (subject, colour) in &SUBJECTS[1..] {
            let colour = *colour;
            chart
                .draw_series(LineSeries::new([], colour))?
                .label(name(subject))
                .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 18, y + 5)], colour.filled()));
        }
        chart.configure_series_labels().position(SeriesLabelPosition::LowerRight).label_font((FONT, 14)).draw()?;
        area.present()
    };
    draw().map_err(|error| anyhow!("{}: {error}", file.display()))
}

fn range(figures: &[f64]) -> Result<(f64, f64)> {
    let least = figures.iter().copied().reduce(f64::min);
    let most = figures.iter().copied().reduce(f64::max);
    least.zip(most).ok_or_else(|| anyhow!("there is nothing to plot"))
}
