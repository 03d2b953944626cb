package dev.mishap.proxy.server;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.observe.stats.StatsText;
import dev.mishap.proxy.observe.stats.TagExtractor;
import dev.mishap.proxy.route.match.StringMatcher;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * {@code envoy.config.metrics.v3.StatsConfig}: which stats are kept, what is taken out of their names as tags, and the bounds
 * of histograms' buckets.
 *
 * @param accepts whether a stat of that name is kept
 * @param tags for outputs with labels
 * @param bounds bounds of a histogram's buckets by its name
 */
public record StatsConfig(Predicate<String> accepts, TagExtractor tags, Function<String, List<Double>> bounds) {
    public static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("envoy.config.metrics.v3.StatsConfig")
                    .supported("stats_tags", "use_all_default_tags", "stats_matcher", "histogram_bucket_settings"),
            SupportedFields.of("envoy.config.metrics.v3.TagSpecifier").supported("tag_name", "regex", "fixed_value"),
            SupportedFields.of("envoy.config.metrics.v3.StatsMatcher")
                    .supported("reject_all", "exclusion_list", "inclusion_list"),
            SupportedFields.of("envoy.type.matcher.v3.ListStringMatcher").supported("patterns"),
            SupportedFields.of("envoy.config.metrics.v3.HistogramBucketSettings")
                    .supported("match", "buckets"));

    /**
     * @param node {@code Bootstrap.stats_config}, null = none
     * @param flagTags {@code --stats-tag}s
     */
    public static StatsConfig from(@Nullable ConfigNode node, Map<String, String> flagTags) {
        if (node == null) {
            return new StatsConfig(
                    name -> true, new TagExtractor(flagTags, List.of(), true), name -> StatsText.DEFAULT_BOUNDS);
        }
        Map<String, String> fixed = new LinkedHashMap<>(flagTags);
        List<TagExtractor.Expression> expressions = new ArrayList<>();
        Set<String> chosen = new HashSet<>();
        for (ConfigNode tag : node.messages("stats_tags")) {
            String name = tag.string("tag_name");
            if ("fixed_value".equals(tag.oneof("tag_value"))) {
                fixed.put(name, tag.string("fixed_value"));
            } else if (!tag.string("regex").isEmpty()) {
                expressions.add(new TagExtractor.Expression(name, regex(tag.string("regex"))));
            } else if (TagExtractor.isDefault(name)) {
                chosen.add(name);
            } else {
                throw new ConfigException(
                        "No regex specified for tag specifier and no default regex for name: '" + name + "'");
            }
        }
        boolean defaults = node.bool("use_all_default_tags", true);
        return new StatsConfig(
                matcher(node.message("stats_matcher")),
                new TagExtractor(fixed, expressions, defaults, chosen),
                bounds(node.messages("histogram_bucket_settings")));
    }

    private static Pattern regex(String text) {
        try {
            return Pattern.compile(text);
        } catch (PatternSyntaxException e) {
            throw new ConfigException("Invalid regex '" + text + "': " + e.getDescription());
        }
    }

    private static Predicate<String> matcher(@Nullable ConfigNode node) {
        String kind = node == null ? null : node.oneof("stats_matcher");
        if (node == null || kind == null) {
            return name -> true;
        }
        if (kind.equals("reject_all")) {
            boolean none = node.bool("reject_all", false);
            return name -> !none;
        }
        List<StringMatcher> patterns = new ArrayList<>();
        for (ConfigNode pattern : node.required(kind).messages("patterns")) {
            patterns.add(StringMatcher.from(pattern));
        }
        boolean listed = kind.equals("inclusion_list");
        return name -> patterns.stream().anyMatch(p -> p.matchesText(name)) == listed;
    }

    private record Bounds(StringMatcher match, List<Double> bounds) {}

    private static Function<String, List<Double>> bounds(List<ConfigNode> nodes) {
        List<Bounds> settings = new ArrayList<>();
        for (ConfigNode setting : nodes) {
            List<Double> bounds = new ArrayList<>(setting.numbers("buckets"));
            bounds.sort(null);
            settings.add(new Bounds(StringMatcher.from(setting.required("match")), List.copyOf(bounds)));
        }
        return name -> {
            for (Bounds b : settings) {
                if (b.match().matchesText(name)) {
                    return b.bounds();
                }
            }
            return StatsText.DEFAULT_BOUNDS;
        };
    }
}
