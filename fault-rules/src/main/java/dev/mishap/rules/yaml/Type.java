package dev.mishap.rules.yaml;

import dev.mishap.rules.Durations;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.fault.DnsFault;
import dev.mishap.rules.fault.GrpcStatus;
import dev.mishap.rules.match.Cidr;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.function.Consumer;

/** What may stand in a field of a rule file. The table of fields is made of these; the reader's checks and the JSON Schema follow from it. */
sealed interface Type {

    /** A scalar with a syntax of its own. */
    enum Scalar implements Type {
        TEXT("text", s -> {}),
        NAME("a name", s -> {}),
        INTEGER("an integer", Scalar::integer),
        NUMBER("a number", s -> new BigDecimal(s)),
        BOOLEAN("true or false", s -> require(s.equals("true") || s.equals("false"))),
        DURATION("a duration such as 100ms, 2s or 1h30m", Durations::parse),
        PERCENTAGE("a percentage from 0 to 100, such as 40 or 0.5", Percentage::parse),
        TIMESTAMP("a time such as 2026-01-31T08:00:00Z", s -> Instant.parse(s)),
        TIME_OF_DAY("a time of day such as 09:00", s -> LocalTime.parse(s)),
        ZONE("a time zone such as UTC or Europe/Berlin", s -> ZoneId.of(s)),
        CIDR("an address range such as 10.0.0.0/8", Cidr::new),
        ADDRESS("an IP address such as 10.0.0.1", s -> DnsFault.literal(s)),
        GRPC_STATUS("a gRPC status such as UNAVAILABLE or 14", s -> require(GrpcStatus.parse(s) >= 0)),
        SLO_CHECK("an SLO such as checkout_success_rate >= 0.95", dev.mishap.rules.experiment.Slo::parse);

        final String words;
        private final Consumer<String> syntax;

        Scalar(String words, Consumer<String> syntax) {
            this.words = words;
            this.syntax = syntax;
        }

        private static void integer(String s) {
            require(s.equals("0") || !s.startsWith("0") && !s.startsWith("-0") && !s.startsWith("+"));
            Long.parseLong(s);
        }

        private static void require(boolean ok) {
            if (!ok) {
                throw new IllegalArgumentException("");
            }
        }

        /** Null when the text has the syntax, else what is wrong with it; empty = merely that it hasn't. */
        @org.jspecify.annotations.Nullable
        String wrong(Tree at) {
            boolean wantsPlain = this == INTEGER || this == NUMBER || this == BOOLEAN;
            if (wantsPlain && at.quoted()) {
                return "";
            }
            try {
                syntax.accept(at.text());
                return null;
            } catch (NumberFormatException | DateTimeParseException e) {
                return "";
            } catch (java.time.DateTimeException e) {
                return "";
            } catch (IllegalArgumentException e) {
                return this == GRPC_STATUS || this == BOOLEAN || this == INTEGER ? "" : String.valueOf(e.getMessage());
            }
        }
    }

    /** One of some words. */
    record Choice(List<String> words) implements Type {}

    record ListOf(Type item, boolean mayBeEmpty) implements Type {}

    /** Any names, text as values. */
    record TextMap() implements Type {}

    /** A mapping with the fields of a shape. */
    record Of(Shape shape) implements Type {}

    /** A scalar or a mapping. */
    record Either(Scalar scalar, Shape shape) implements Type {}
}
