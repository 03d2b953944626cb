package dev.mishap.control.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A line chart over the time of a run as inline SVG, the phases shaded. Colours and text styles are classes of the page, so that it can be
 * light or dark; title and description are there for screen readers.
 */
final class SvgChart {
    private static final int WIDTH = 860;
    private static final int HEIGHT = 220;
    private static final int LEFT = 64;
    private static final int RIGHT = 12;
    private static final int TOP = 24;
    private static final int BOTTOM = 30;

    /**
     * A line.
     *
     * @param style its class; two classes of lines also differ in their dashes, not in colour alone
     * @param values one per point of time; NaN = a gap
     */
    record Series(String name, String style, double[] values) {}

    /** A stretch of time with a label. */
    record Band(String label, String style, double from, double to) {}

    private final String id;
    private final String title;
    private final String unit;
    private final double[] seconds;
    private final List<Series> series = new ArrayList<>();
    private final List<Band> bands;
    private double lowest;
    private double highest;

    SvgChart(String id, String title, String unit, double[] seconds, List<Band> bands) {
        this.id = id;
        this.title = title;
        this.unit = unit;
        this.seconds = seconds;
        this.bands = bands;
        this.lowest = Double.NaN;
        this.highest = Double.NaN;
    }

    /** Fixes an end of the value axis; NaN leaves it to the values. */
    SvgChart range(double low, double high) {
        lowest = low;
        highest = high;
        return this;
    }

    SvgChart add(Series line) {
        series.add(line);
        return this;
    }

    String render() {
        double min = Double.isNaN(lowest) ? extreme(true) : lowest;
        double max = Double.isNaN(highest) ? extreme(false) : highest;
        if (!(max > min)) {
            max = min + 1;
        }
        double step = step((max - min) / 4);
        min = Math.floor(min / step + 1e-9) * step;
        max = Math.ceil(max / step - 1e-9) * step;
        StringBuilder svg = new StringBuilder();
        svg.append(format(
                "<figure><figcaption>%s</figcaption>%n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s-t %s-d\">%n",
                Xml.escape(title), WIDTH, HEIGHT, id, id));
        svg.append("<title id=\"")
                .append(id)
                .append("-t\">")
                .append(Xml.escape(title))
                .append("</title>\n");
        svg.append("<desc id=\"")
                .append(id)
                .append("-d\">")
                .append(Xml.escape(describe()))
                .append("</desc>\n");
        bands(svg);
        for (double tick = min; tick <= max + step / 2; tick += step) {
            double y = y(tick, min, max);
            svg.append(format(
                    "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT, WIDTH - RIGHT, y, y));
            svg.append(format(
                    "<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>%n",
                    LEFT - 6, y + 4, Figures.plain(tick, 3) + unit));
        }
        timeAxis(svg);
        for (Series line : series) {
            line(svg, line, min, max);
        }
        svg.append("</svg>\n<ul class=\"legend\">");
        for (Series line : series) {
            svg.append("<li><svg class=\"key\" viewBox=\"0 0 28 8\" aria-hidden=\"true\"><line class=\"line ")
                    .append(line.style())
                    .append("\" x1=\"0\" x2=\"28\" y1=\"4\" y2=\"4\"/></svg>")
                    .append(Xml.escape(line.name()))
                    .append("</li>");
        }
        return svg.append("</ul></figure>\n").toString();
    }

    private void bands(StringBuilder svg) {
        for (Band band : bands) {
            double from = x(band.from());
            double to = x(band.to());
            svg.append(format(
                    "<rect class=\"band %s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>",
                    band.style(), from, TOP, Math.max(0, to - from), HEIGHT - TOP - BOTTOM));
            svg.append(format(
                    "<text class=\"phase\" x=\"%.1f\" y=\"%d\">%s</text>%n",
                    from + 4, TOP - 8, Xml.escape(band.label())));
        }
    }

    private void timeAxis(StringBuilder svg) {
        double step = step(last() / 8);
        for (double tick = 0; tick <= last() + 1e-9; tick += step) {
            svg.append(format(
                    "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s s</text>%n",
                    x(tick), HEIGHT - BOTTOM + 18, Figures.plain(tick, 1)));
        }
    }

    private void line(StringBuilder svg, Series line, double min, double max) {
        StringBuilder path = new StringBuilder();
        boolean pen = false;
        for (int i = 0; i < line.values().length; i++) {
            double value = line.values()[i];
            if (Double.isNaN(value)) {
                pen = false;
                continue;
            }
            path.append(format("%s%.1f %.1f", pen ? "L" : "M", x(seconds[i]), y(value, min, max)));
            pen = true;
        }
        svg.append("<path class=\"line ")
                .append(line.style())
                .append("\" d=\"")
                .append(path)
                .append("\"/>\n");
    }

    private String describe() {
        StringBuilder text = new StringBuilder();
        for (Series line : series) {
            double low = Double.NaN;
            double high = Double.NaN;
            for (double value : line.values()) {
                if (!Double.isNaN(value)) {
                    low = Double.isNaN(low) ? value : Math.min(low, value);
                    high = Double.isNaN(high) ? value : Math.max(high, value);
                }
            }
            text.append(line.name())
                    .append(": ")
                    .append(
                            Double.isNaN(low)
                                    ? "no values. "
                                    : "from " + Figures.plain(low, 2) + unit + " to " + Figures.plain(high, 2) + unit
                                            + ". ");
        }
        return text.toString().trim();
    }

    private double extreme(boolean least) {
        double found = least ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
        for (Series line : series) {
            for (double value : line.values()) {
                if (!Double.isNaN(value)) {
                    found = least ? Math.min(found, value) : Math.max(found, value);
                }
            }
        }
        return Double.isInfinite(found) ? (least ? 0 : 1) : found;
    }

    private double last() {
        return seconds.length == 0 ? 1 : Math.max(seconds[seconds.length - 1], 0.001);
    }

    private double x(double second) {
        return LEFT + second / last() * (WIDTH - LEFT - RIGHT);
    }

    private static double y(double value, double min, double max) {
        double share = Math.max(0, Math.min(1, (value - min) / (max - min)));
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
    }

    /** The next of 1, 2, 5, 10, … times a power of ten. */
    private static double step(double rough) {
        double power = Math.pow(10, Math.floor(Math.log10(Math.max(rough, 1e-9))));
        double lead = rough / power;
        return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
    }

    private static String format(String form, Object... values) {
        return String.format(Locale.ROOT, form.replace("%n", "\n"), values);
    }
}
