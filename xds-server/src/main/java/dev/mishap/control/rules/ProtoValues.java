package dev.mishap.control.rules;

import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import dev.mishap.rules.Percentage;
import io.envoyproxy.envoy.type.v3.FractionalPercent;
import io.envoyproxy.envoy.type.v3.FractionalPercent.DenominatorType;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.function.Supplier;

/** Values that rule messages are made of. */
final class ProtoValues {
    private ProtoValues() {}

    /** Makes a value of the field; what the value's class refuses is told with the field's path. */
    static <T> T at(String field, Supplier<T> make) {
        try {
            return make.get();
        } catch (InvalidRuleException e) {
            throw e;
        } catch (IllegalArgumentException | DateTimeException | ArithmeticException e) {
            throw new InvalidRuleException(field, String.valueOf(e.getMessage()));
        }
    }

    /** With the coarsest denominator that says it exactly. */
    static FractionalPercent percent(Percentage share) {
        int millionths = share.millionths();
        FractionalPercent.Builder percent = FractionalPercent.newBuilder();
        if (millionths % 10_000 == 0) {
            return percent.setNumerator(millionths / 10_000)
                    .setDenominator(DenominatorType.HUNDRED)
                    .build();
        }
        return millionths % 100 == 0
                ? percent.setNumerator(millionths / 100)
                        .setDenominator(DenominatorType.TEN_THOUSAND)
                        .build()
                : percent.setNumerator(millionths)
                        .setDenominator(DenominatorType.MILLION)
                        .build();
    }

    static Percentage percent(String field, FractionalPercent percent) {
        long scale = switch (percent.getDenominator()) {
            case HUNDRED -> 10_000;
            case TEN_THOUSAND -> 100;
            case MILLION -> 1;
            case UNRECOGNIZED ->
                throw new InvalidRuleException(field + ".denominator", "value must be one of the defined enum values");
        };
        long millionths = Integer.toUnsignedLong(percent.getNumerator()) * scale;
        if (millionths > Percentage.SCALE) {
            throw new InvalidRuleException(
                    field,
                    "must be from 0 to 100 %, got " + Integer.toUnsignedString(percent.getNumerator()) + " of "
                            + percent.getDenominator());
        }
        return new Percentage((int) millionths);
    }

    static Duration duration(java.time.Duration time) {
        return Duration.newBuilder()
                .setSeconds(time.getSeconds())
                .setNanos(time.getNano())
                .build();
    }

    static java.time.Duration duration(String field, Duration time) {
        if (time.getNanos() < -999_999_999
                || time.getNanos() > 999_999_999
                || time.getSeconds() < 0 && time.getNanos() > 0
                || time.getSeconds() > 0 && time.getNanos() < 0) {
            throw new InvalidRuleException(field, "is no valid duration");
        }
        return at(field, () -> java.time.Duration.ofSeconds(time.getSeconds(), time.getNanos()));
    }

    static Timestamp timestamp(Instant instant) {
        return Timestamp.newBuilder()
                .setSeconds(instant.getEpochSecond())
                .setNanos(instant.getNano())
                .build();
    }

    static Instant timestamp(String field, Timestamp time) {
        if (time.getNanos() < 0
                || time.getNanos() > 999_999_999
                || time.getSeconds() < -62_135_596_800L
                || time.getSeconds() > 253_402_300_799L) {
            throw new InvalidRuleException(field, "must be a time of the years 1 to 9999");
        }
        return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
    }

    /** An unsigned number of 32 bits that must fit the rule language's, which has no more than 31. */
    static int integer(String field, int unsigned) {
        if (unsigned < 0) {
            throw new InvalidRuleException(
                    field, "must be at most " + Integer.MAX_VALUE + ", got " + Integer.toUnsignedString(unsigned));
        }
        return unsigned;
    }

    /** As {@link #integer}, of 64 and 63. */
    static long integer(String field, long unsigned) {
        if (unsigned < 0) {
            throw new InvalidRuleException(
                    field, "must be at most " + Long.MAX_VALUE + ", got " + Long.toUnsignedString(unsigned));
        }
        return unsigned;
    }

    static InvalidRuleException missing(String field, String expected) {
        return new InvalidRuleException(field, "is required: " + expected);
    }
}
