package dev.mishap.proxy.filter.common.matching;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.AddressRange;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.route.match.StringMatcher;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A tree of matchers with an action at each leaf: {@code xds.type.matcher.v3.Matcher}. Immutable. */
@FunctionalInterface
public interface MatchTree<A> {
    /** The messages that a tree is read from. */
    List<SupportedFields> FIELDS = List.of(
            SupportedFields.of("xds.type.matcher.v3.Matcher").supported("matcher_list", "matcher_tree", "on_no_match"),
            SupportedFields.of("xds.type.matcher.v3.Matcher.OnMatch").supported("matcher", "action"),
            SupportedFields.of("xds.type.matcher.v3.Matcher.MatcherList").supported("matchers"),
            SupportedFields.of("xds.type.matcher.v3.Matcher.MatcherList.Predicate")
                    .supported("single_predicate", "or_matcher", "and_matcher", "not_matcher"),
            SupportedFields.of("xds.type.matcher.v3.Matcher.MatcherList.Predicate.SinglePredicate")
                    .supported("input", "value_match"),
            SupportedFields.of("xds.type.matcher.v3.Matcher.MatcherList.Predicate.PredicateList")
                    .supported("predicate"),
            SupportedFields.of("xds.type.matcher.v3.Matcher.MatcherList.FieldMatcher")
                    .supported("predicate", "on_match"),
            SupportedFields.of("xds.type.matcher.v3.Matcher.MatcherTree")
                    .supported("input", "exact_match_map", "prefix_match_map", "custom_match"),
            SupportedFields.of("xds.type.matcher.v3.Matcher.MatcherTree.MatchMap")
                    .supported("map"),
            SupportedFields.of("xds.type.matcher.v3.IPMatcher").supported("range_matchers"),
            SupportedFields.of("xds.type.matcher.v3.IPMatcher.IPRangeMatcher")
                    .supported("ranges", "on_match", "exclusive"),
            SupportedFields.of("xds.type.matcher.v3.ServerNameMatcher").supported("domain_matchers"),
            SupportedFields.of("xds.type.matcher.v3.ServerNameMatcher.DomainMatcher")
                    .supported("domains", "on_match"),
            SupportedFields.of("xds.core.v3.TypedExtensionConfig").supported("name", "typed_config"),
            SupportedFields.of("xds.core.v3.CidrRange").supported("address_prefix", "prefix_len"),
            SupportedFields.of("xds.type.matcher.v3.StringMatcher")
                    .supported("exact", "prefix", "suffix", "safe_regex", "contains", "ignore_case"),
            SupportedFields.of("xds.type.matcher.v3.RegexMatcher")
                    .supported("regex")
                    .accepted("google_re2", "RE2 is the only engine"),
            SupportedFields.of("xds.type.matcher.v3.RegexMatcher.GoogleRE2"));

    /** The action for what {@code facts} are, or null when nothing matches. */
    @Nullable
    A match(Facts facts);

    /**
     * Reads a tree.
     *
     * @param inputs reads an input
     * @param actions reads an action
     */
    static <A> MatchTree<A> from(ConfigNode node, Function<ConfigNode, Input> inputs, Function<ConfigNode, A> actions) {
        return new Reader<>(inputs, actions).matcher(node);
    }

    /** The action for what {@code facts} are, or null when nothing matches or what is looked at can't be had. */
    default @Nullable A find(Facts facts) {
        try {
            return match(facts);
        } catch (MissingData e) {
            return null;
        }
    }

    /** A condition on facts. */
    @FunctionalInterface
    interface Predicate {
        boolean test(Facts facts);
    }

    /** Reads trees of one kind. */
    final class Reader<A> {
        private final Function<ConfigNode, Input> inputs;
        private final Function<ConfigNode, A> actions;

        Reader(Function<ConfigNode, Input> inputs, Function<ConfigNode, A> actions) {
            this.inputs = inputs;
            this.actions = actions;
        }

        MatchTree<A> matcher(ConfigNode node) {
            ConfigNode list = node.message("matcher_list");
            ConfigNode tree = node.message("matcher_tree");
            MatchTree<A> first = list != null ? list(list) : tree != null ? tree(tree) : facts -> null;
            ConfigNode otherwise = node.message("on_no_match");
            if (otherwise == null) {
                return first;
            }
            MatchTree<A> second = onMatch(otherwise);
            return facts -> {
                A action = first.match(facts);
                return action == null ? second.match(facts) : action;
            };
        }

        private MatchTree<A> onMatch(ConfigNode node) {
            ConfigNode nested = node.message("matcher");
            if (nested != null) {
                return matcher(nested);
            }
            A action = actions.apply(node.required("action"));
            return facts -> action;
        }

        private MatchTree<A> list(ConfigNode node) {
            List<Predicate> conditions = new ArrayList<>();
            List<MatchTree<A>> results = new ArrayList<>();
            for (ConfigNode field : node.messages("matchers")) {
                conditions.add(predicate(field.required("predicate")));
                results.add(onMatch(field.required("on_match")));
            }
            return facts -> {
                for (int i = 0; i < conditions.size(); i++) {
                    A action = conditions.get(i).test(facts) ? results.get(i).match(facts) : null;
                    if (action != null) {
                        return action;
                    }
                }
                return null;
            };
        }

        private Predicate predicate(ConfigNode node) {
            String kind = node.oneof("match_type");
            switch (kind == null ? "" : kind) {
                case "single_predicate":
                    return single(node.required("single_predicate"));
                case "not_matcher":
                    Predicate negated = predicate(node.required("not_matcher"));
                    return facts -> !negated.test(facts);
                case "or_matcher":
                    List<Predicate> any = predicates(node.required("or_matcher"));
                    return facts -> {
                        for (Predicate p : any) {
                            if (p.test(facts)) {
                                return true;
                            }
                        }
                        return false;
                    };
                case "and_matcher":
                    List<Predicate> all = predicates(node.required("and_matcher"));
                    return facts -> {
                        for (Predicate p : all) {
                            if (!p.test(facts)) {
                                return false;
                            }
                        }
                        return true;
                    };
                default:
                    throw node.error("match_type", "is required");
            }
        }

        private List<Predicate> predicates(ConfigNode node) {
            List<Predicate> all = new ArrayList<>();
            for (ConfigNode p : node.messages("predicate")) {
                all.add(predicate(p));
            }
            return List.copyOf(all);
        }

        private Predicate single(ConfigNode node) {
            Input input = inputs.apply(node.required("input"));
            StringMatcher value = StringMatcher.from(node.required("value_match"));
            return facts -> {
                String text = input.get(facts);
                return text != null && value.matches(text);
            };
        }

        private MatchTree<A> tree(ConfigNode node) {
            Input input = inputs.apply(node.required("input"));
            String kind = node.oneof("tree_type");
            return switch (kind == null ? "" : kind) {
                case "exact_match_map" -> exact(input, node.required("exact_match_map"));
                case "prefix_match_map" -> prefix(input, node.required("prefix_match_map"));
                case "custom_match" -> custom(input, node.required("custom_match"));
                default -> throw node.error("tree_type", "is required");
            };
        }

        private MatchTree<A> exact(Input input, ConfigNode node) {
            Map<String, MatchTree<A>> map = new HashMap<>();
            node.messageMap("map").forEach((key, value) -> map.put(WireText.encode(key), onMatch(value)));
            return facts -> {
                String text = input.get(facts);
                MatchTree<A> found = text == null ? null : map.get(text);
                return found == null ? null : found.match(facts);
            };
        }

        private MatchTree<A> prefix(Input input, ConfigNode node) {
            Map<String, MatchTree<A>> map = new HashMap<>();
            node.messageMap("map").forEach((key, value) -> map.put(WireText.encode(key), onMatch(value)));
            int longest = map.keySet().stream().mapToInt(String::length).max().orElse(0);
            return facts -> {
                String text = input.get(facts);
                if (text == null) {
                    return null;
                }
                for (int n = Math.min(longest, text.length()); n >= 0; n--) {
                    MatchTree<A> found = map.get(text.substring(0, n));
                    A action = found == null ? null : found.match(facts);
                    if (action != null) {
                        return action;
                    }
                }
                return null;
            };
        }

        /** One network of an IPMatcher. */
        private record Network<A>(AddressRange range, int bits, MatchTree<A> result, boolean exclusive) {}

        private MatchTree<A> custom(Input input, ConfigNode extension) {
            ConfigNode config = extension.required("typed_config");
            if (config.messageName().equals("xds.type.matcher.v3.ServerNameMatcher")) {
                return domains(input, config);
            }
            if (!config.messageName().equals("xds.type.matcher.v3.IPMatcher")) {
                throw new ConfigException("Didn't find a registered implementation for '" + extension.string("name")
                        + "' with type URL: '" + config.messageName() + "'");
            }
            List<Network<A>> networks = new ArrayList<>();
            for (ConfigNode m : config.messages("range_matchers")) {
                MatchTree<A> result = onMatch(m.required("on_match"));
                boolean exclusive = m.bool("exclusive", false);
                for (ConfigNode range : m.messages("ranges")) {
                    int bits = (int) range.integer("prefix_len", 0);
                    networks.add(new Network<>(Ranges.from(range), bits, result, exclusive));
                }
            }
            networks.sort(Comparator.comparingInt((Network<A> n) -> n.bits).reversed());
            return facts -> {
                InetAddress address = address(input.get(facts));
                for (int i = 0; address != null && i < networks.size(); i++) {
                    Network<A> n = networks.get(i);
                    if (n.range.contains(address)) {
                        A action = n.result.match(facts);
                        if (action != null || n.exclusive) {
                            return action;
                        }
                    }
                }
                return null;
            };
        }

        /** The most specific domain first, then those that it is in, then {@code *}. */
        private MatchTree<A> domains(Input input, ConfigNode config) {
            Map<String, MatchTree<A>> map = new HashMap<>();
            for (ConfigNode m : config.messages("domain_matchers")) {
                MatchTree<A> result = onMatch(m.required("on_match"));
                for (String domain : m.strings("domains")) {
                    String key = domain.equals("*") ? "" : domain.startsWith("*.") ? domain.substring(1) : domain;
                    if (key.indexOf('*') >= 0) {
                        throw m.error("domains", "has a wildcard that is not a whole label at the start: " + domain);
                    }
                    map.putIfAbsent(WireText.encode(key), result);
                }
            }
            return facts -> {
                String name = input.get(facts);
                if (name == null) {
                    return null;
                }
                A action = in(map, name, facts);
                for (int dot = name.indexOf('.', 1); action == null && dot >= 0; dot = name.indexOf('.', dot + 1)) {
                    action = in(map, name.substring(dot), facts);
                }
                return action == null ? in(map, "", facts) : action;
            };
        }

        private static <A> @Nullable A in(Map<String, MatchTree<A>> map, String key, Facts facts) {
            MatchTree<A> found = map.get(key);
            return found == null ? null : found.match(facts);
        }

        private static @Nullable InetAddress address(@Nullable String text) {
            byte[] bytes = text == null ? null : NetUtil.createByteArrayFromIpAddressString(text);
            try {
                return bytes == null ? null : InetAddress.getByAddress(bytes);
            } catch (UnknownHostException e) {
                throw new IllegalStateException(e); // the length of an address is right
            }
        }
    }
}
