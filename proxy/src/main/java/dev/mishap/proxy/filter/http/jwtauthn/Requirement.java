package dev.mishap.proxy.filter.http.jwtauthn;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a request must have: {@code JwtRequirement}. Immutable. */
abstract class Requirement {
    private static final String PACKAGE = "envoy.extensions.filters.http.jwt_authn.v3.";

    static final List<SupportedFields> FIELDS = List.of(
            SupportedFields.of(PACKAGE + "JwtRequirement")
                    .supported(
                            "provider_name",
                            "provider_and_audiences",
                            "requires_any",
                            "requires_all",
                            "allow_missing_or_failed",
                            "allow_missing"),
            SupportedFields.of(PACKAGE + "ProviderWithAudiences").supported("provider_name", "audiences"),
            SupportedFields.of(PACKAGE + "JwtRequirementOrList").supported("requirements"),
            SupportedFields.of(PACKAGE + "JwtRequirementAndList").supported("requirements"));

    /** Looks for tokens and verifies them. */
    abstract JwtStatus verify(Verification verification);

    /** The providers that it is about. */
    abstract Collection<JwtProvider> providers();

    /** Reads a requirement; null when it requires nothing. */
    static @Nullable Requirement from(@Nullable ConfigNode node, Map<String, JwtProvider> known) {
        return node == null ? null : from(node, known, known.values());
    }

    private static @Nullable Requirement from(
            ConfigNode node, Map<String, JwtProvider> known, Collection<JwtProvider> around) {
        String kind = node.oneof("requires_type");
        if (kind == null) {
            return null;
        }
        switch (kind) {
            case "provider_name":
                return new OfProvider(provider(node.string("provider_name"), known), null);
            case "provider_and_audiences":
                ConfigNode both = node.required(kind);
                Set<String> audiences = new HashSet<>();
                both.strings("audiences").forEach(a -> audiences.add(Audiences.normalize(a)));
                return new OfProvider(provider(both.string("provider_name"), known), audiences);
            case "requires_any":
                return new Any(list(node.required(kind), known));
            case "requires_all":
                return new All(list(node.required(kind), known));
            case "allow_missing":
                return new Lenient(around, false);
            default:
                return new Lenient(around, true);
        }
    }

    private static JwtProvider provider(String name, Map<String, JwtProvider> known) {
        JwtProvider provider = known.get(name);
        if (provider == null) {
            throw new ConfigException("Required provider ['" + name + "'] is not configured.");
        }
        return provider;
    }

    /** Reads a list; what is lenient in it looks at the tokens of the providers that the list names. */
    private static List<Requirement> list(ConfigNode node, Map<String, JwtProvider> known) {
        Collection<JwtProvider> named = new LinkedHashSet<>();
        List<ConfigNode> nodes = node.messages("requirements");
        for (ConfigNode requirement : nodes) {
            String kind = requirement.oneof("requires_type");
            if ("provider_name".equals(kind)) {
                named.add(provider(requirement.string("provider_name"), known));
            } else if ("provider_and_audiences".equals(kind)) {
                named.add(
                        provider(requirement.required("provider_and_audiences").string("provider_name"), known));
            }
        }
        List<Requirement> all = new ArrayList<>();
        for (ConfigNode requirement : nodes) {
            Requirement r = from(requirement, known, named.isEmpty() ? known.values() : named);
            if (r != null) {
                all.add(r);
            }
        }
        return List.copyOf(all);
    }

    private static Collection<JwtProvider> allOf(List<Requirement> all) {
        Collection<JwtProvider> providers = new LinkedHashSet<>();
        all.forEach(r -> providers.addAll(r.providers()));
        return providers;
    }

    /** A token of one provider. */
    private static final class OfProvider extends Requirement {
        private final JwtProvider provider;
        private final @Nullable Set<String> audiences;

        OfProvider(JwtProvider provider, @Nullable Set<String> audiences) {
            this.provider = provider;
            this.audiences = audiences;
        }

        @Override
        JwtStatus verify(Verification verification) {
            List<TokenLocations.Found> tokens = verification.tokens(List.of(provider));
            if (tokens.isEmpty()) {
                return JwtStatus.MISSED;
            }
            for (TokenLocations.Found token : tokens) { // each of them must be good
                verification.countLookup();
                JwtStatus status = verification.verify(token, List.of(provider), audiences);
                if (status != JwtStatus.OK) {
                    return status;
                }
            }
            return JwtStatus.OK;
        }

        @Override
        Collection<JwtProvider> providers() {
            return List.of(provider);
        }
    }

    /** One of several. */
    private static final class Any extends Requirement {
        private final List<Requirement> all;

        Any(List<Requirement> all) {
            this.all = all;
        }

        @Override
        JwtStatus verify(Verification verification) {
            JwtStatus result = JwtStatus.MISSED;
            boolean pending = false;
            for (Requirement r : all) {
                JwtStatus status = r.verify(verification);
                if (status == JwtStatus.OK) {
                    return status;
                }
                if (status == JwtStatus.PENDING) {
                    pending = true; // another one may do without keys that have to be fetched
                    continue;
                }
                // What is wrong with a token says more than that another is missing.
                if (result == JwtStatus.MISSED || status != JwtStatus.MISSED && status != JwtStatus.UNKNOWN_ISSUER) {
                    result = status;
                }
            }
            return pending ? JwtStatus.PENDING : result;
        }

        @Override
        Collection<JwtProvider> providers() {
            return allOf(all);
        }
    }

    /** Every one of several. */
    private static final class All extends Requirement {
        private final List<Requirement> all;

        All(List<Requirement> all) {
            this.all = all;
        }

        @Override
        JwtStatus verify(Verification verification) {
            for (Requirement r : all) {
                JwtStatus status = r.verify(verification);
                if (status != JwtStatus.OK) {
                    return status;
                }
            }
            return JwtStatus.OK;
        }

        @Override
        Collection<JwtProvider> providers() {
            return allOf(all);
        }
    }

    /** No token will do, or even a bad one; those that are there are looked at all the same. */
    private static final class Lenient extends Requirement {
        private final List<JwtProvider> around;
        private final boolean orFailed;

        Lenient(Collection<JwtProvider> around, boolean orFailed) {
            this.around = List.copyOf(around);
            this.orFailed = orFailed;
        }

        @Override
        JwtStatus verify(Verification verification) {
            for (TokenLocations.Found token : verification.tokens(around)) {
                JwtStatus status = verification.verify(token, around, null);
                if (status == JwtStatus.PENDING || status != JwtStatus.OK && !orFailed) {
                    return status;
                }
            }
            return JwtStatus.OK;
        }

        @Override
        Collection<JwtProvider> providers() {
            return around;
        }
    }
}
