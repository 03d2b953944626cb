package dev.mishap.control.rules;

import static dev.mishap.control.rules.ProtoValues.at;
import static dev.mishap.control.rules.ProtoValues.duration;
import static dev.mishap.control.rules.ProtoValues.integer;
import static dev.mishap.control.rules.ProtoValues.missing;
import static dev.mishap.control.rules.ProtoValues.percent;

import com.google.protobuf.StringValue;
import dev.mishap.rules.Percentage;
import dev.mishap.rules.fault.Abort;
import dev.mishap.rules.fault.Bandwidth;
import dev.mishap.rules.fault.BlackHole;
import dev.mishap.rules.fault.Close;
import dev.mishap.rules.fault.ConnectDelay;
import dev.mishap.rules.fault.ConnectionLimit;
import dev.mishap.rules.fault.ConnectionReset;
import dev.mishap.rules.fault.Corrupt;
import dev.mishap.rules.fault.Delay;
import dev.mishap.rules.fault.Direction;
import dev.mishap.rules.fault.DnsFault;
import dev.mishap.rules.fault.ExhaustPool;
import dev.mishap.rules.fault.Fault;
import dev.mishap.rules.fault.Flap;
import dev.mishap.rules.fault.HalfOpen;
import dev.mishap.rules.fault.Http2Error;
import dev.mishap.rules.fault.Latency;
import dev.mishap.rules.fault.LimitData;
import dev.mishap.rules.fault.Moment;
import dev.mishap.rules.fault.Overflow;
import dev.mishap.rules.fault.Pace;
import dev.mishap.rules.fault.Partition;
import dev.mishap.rules.fault.Refuse;
import dev.mishap.rules.fault.Reset;
import dev.mishap.rules.fault.ResponseRateLimit;
import dev.mishap.rules.fault.Side;
import dev.mishap.rules.fault.Slice;
import dev.mishap.rules.fault.SlowClose;
import dev.mishap.rules.fault.Timeout;
import dev.mishap.rules.v1.FaultRule;
import java.time.Duration;

/** The faults of rule messages, both ways. A new fault is a line in each switch. */
final class FaultProtos {
    private FaultProtos() {}

    static void toProto(Fault fault, FaultRule.Builder rule) {
        switch (fault.kind()) {
            case ABORT -> rule.setAbort(abort((Abort) fault));
            case RESET -> rule.setReset(reset((Reset) fault));
            case DELAY -> rule.setDelay(FaultRule.Delay.newBuilder().setFixed(duration(((Delay) fault).fixed())));
            case RESPONSE_RATE_LIMIT ->
                rule.setResponseRateLimit(
                        FaultRule.ResponseRateLimit.newBuilder().setKbps(((ResponseRateLimit) fault).kbps()));
            case REFUSE -> rule.setRefuse(FaultRule.Refuse.newBuilder().setSide(side(((Refuse) fault).side())));
            case BLACK_HOLE -> rule.setBlackHole(FaultRule.BlackHole.getDefaultInstance());
            case TIMEOUT ->
                rule.setTimeout(FaultRule.Timeout.newBuilder().setAfter(duration(((Timeout) fault).after())));
            case FLAP -> {
                Flap flap = (Flap) fault;
                rule.setFlap(
                        FaultRule.Flap.newBuilder().setUp(duration(flap.up())).setDown(duration(flap.down())));
            }
            case CONNECTION_LIMIT -> {
                ConnectionLimit limit = (ConnectionLimit) fault;
                rule.setConnectionLimit(FaultRule.ConnectionLimit.newBuilder()
                        .setMax(limit.max())
                        .setThen(overflow(limit.then())));
            }
            case EXHAUST_POOL -> {
                ExhaustPool pool = (ExhaustPool) fault;
                rule.setExhaustPool(
                        FaultRule.ExhaustPool.newBuilder().setHold(pool.hold()).setThen(overflow(pool.then())));
            }
            case CONNECT_DELAY -> {
                Pace pace = ((ConnectDelay) fault).pace();
                FaultRule.ConnectDelay.Builder delay =
                        FaultRule.ConnectDelay.newBuilder().setFixed(duration(pace.fixed()));
                if (!pace.jitter().isZero()) {
                    delay.setJitter(duration(pace.jitter()));
                }
                rule.setConnectDelay(delay);
            }
            case LATENCY -> {
                Latency latency = (Latency) fault;
                Pace pace = latency.pace();
                FaultRule.Latency.Builder message = FaultRule.Latency.newBuilder()
                        .setFixed(duration(pace.fixed()))
                        .setDirection(direction(latency.direction()));
                if (!pace.jitter().isZero()) {
                    message.setJitter(duration(pace.jitter()));
                }
                rule.setLatency(message);
            }
            case BANDWIDTH -> {
                Bandwidth bandwidth = (Bandwidth) fault;
                rule.setBandwidth(FaultRule.Bandwidth.newBuilder()
                        .setKbps(bandwidth.kbps())
                        .setDirection(direction(bandwidth.direction())));
            }
            case SLICE -> rule.setSlice(slice((Slice) fault));
            case LIMIT_DATA -> {
                LimitData limit = (LimitData) fault;
                rule.setLimitData(FaultRule.LimitData.newBuilder()
                        .setBytes(limit.bytes())
                        .setDirection(direction(limit.direction())));
            }
            case CORRUPT -> rule.setCorrupt(corrupt((Corrupt) fault));
            case CLOSE -> {
                Close close = (Close) fault;
                FaultRule.Close.Builder message = FaultRule.Close.newBuilder().setSide(side(close.side()));
                if (close.when().bytes() > 0) {
                    message.setAfterBytes(close.when().bytes());
                } else if (!close.when().isAtOnce()) {
                    message.setAfter(duration(close.when().after()));
                }
                rule.setClose(message);
            }
            case CONNECTION_RESET -> {
                ConnectionReset reset = (ConnectionReset) fault;
                FaultRule.ConnectionReset.Builder message =
                        FaultRule.ConnectionReset.newBuilder().setSide(side(reset.side()));
                if (reset.when().bytes() > 0) {
                    message.setAfterBytes(reset.when().bytes());
                } else if (!reset.when().isAtOnce()) {
                    message.setAfter(duration(reset.when().after()));
                }
                rule.setConnectionReset(message);
            }
            case HALF_OPEN -> {
                Moment when = ((HalfOpen) fault).when();
                FaultRule.HalfOpen.Builder message = FaultRule.HalfOpen.newBuilder();
                if (when.bytes() > 0) {
                    message.setAfterBytes(when.bytes());
                } else if (!when.isAtOnce()) {
                    message.setAfter(duration(when.after()));
                }
                rule.setHalfOpen(message);
            }
            case SLOW_CLOSE ->
                rule.setSlowClose(FaultRule.SlowClose.newBuilder().setDelay(duration(((SlowClose) fault).delay())));
            case PARTITION -> {
                Partition partition = (Partition) fault;
                rule.setPartition(FaultRule.Partition.newBuilder()
                        .setMode(
                                switch (partition.mode()) {
                                    case DROP -> FaultRule.Partition.Mode.DROP;
                                    case REFUSE -> FaultRule.Partition.Mode.REJECT;
                                })
                        .setDirection(direction(partition.direction())));
            }
            case DNS -> rule.setDns(dns((DnsFault) fault));
        }
    }

    static Fault fromProto(FaultRule rule) {
        return switch (rule.getFaultCase()) {
            case ABORT -> at("abort", () -> abort(rule.getAbort()));
            case RESET -> at("reset", () -> reset(rule.getReset()));
            case DELAY ->
                at(
                        "delay",
                        () -> new Delay(duration("delay.fixed", rule.getDelay().getFixed())));
            case RESPONSE_RATE_LIMIT ->
                at(
                        "response_rate_limit",
                        () -> new ResponseRateLimit(integer(
                                "response_rate_limit.kbps",
                                rule.getResponseRateLimit().getKbps())));
            case REFUSE -> new Refuse(side("refuse.side", rule.getRefuse().getSide()));
            case BLACK_HOLE -> new BlackHole();
            case TIMEOUT ->
                at(
                        "timeout",
                        () -> new Timeout(
                                duration("timeout.after", rule.getTimeout().getAfter())));
            case FLAP ->
                at(
                        "flap",
                        () -> new Flap(
                                duration("flap.up", rule.getFlap().getUp()),
                                duration("flap.down", rule.getFlap().getDown())));
            case CONNECTION_LIMIT ->
                at(
                        "connection_limit",
                        () -> new ConnectionLimit(
                                integer(
                                        "connection_limit.max",
                                        rule.getConnectionLimit().getMax()),
                                overflow(
                                        "connection_limit.then",
                                        rule.getConnectionLimit().getThen())));
            case EXHAUST_POOL ->
                at(
                        "exhaust_pool",
                        () -> new ExhaustPool(
                                integer(
                                        "exhaust_pool.hold",
                                        rule.getExhaustPool().getHold()),
                                overflow(
                                        "exhaust_pool.then",
                                        rule.getExhaustPool().getThen())));
            case CONNECT_DELAY ->
                at(
                        "connect_delay",
                        () -> new ConnectDelay(pace(
                                "connect_delay",
                                rule.getConnectDelay().getFixed(),
                                rule.getConnectDelay().getJitter())));
            case LATENCY ->
                at(
                        "latency",
                        () -> new Latency(
                                pace(
                                        "latency",
                                        rule.getLatency().getFixed(),
                                        rule.getLatency().getJitter()),
                                direction("latency", rule.getLatency().getDirection())));
            case BANDWIDTH ->
                at(
                        "bandwidth",
                        () -> new Bandwidth(
                                integer("bandwidth.kbps", rule.getBandwidth().getKbps()),
                                direction("bandwidth", rule.getBandwidth().getDirection())));
            case SLICE -> at("slice", () -> slice(rule.getSlice()));
            case LIMIT_DATA ->
                at(
                        "limit_data",
                        () -> new LimitData(
                                integer("limit_data.bytes", rule.getLimitData().getBytes()),
                                direction("limit_data", rule.getLimitData().getDirection())));
            case CORRUPT -> at("corrupt", () -> corrupt(rule.getCorrupt()));
            case CLOSE -> {
                FaultRule.Close close = rule.getClose();
                Moment when = switch (close.getWhenCase()) {
                    case AFTER_BYTES -> afterBytes("close", close.getAfterBytes());
                    case AFTER -> after("close", close.getAfter());
                    case WHEN_NOT_SET -> Moment.AT_ONCE;
                };
                yield new Close(when, side("close.side", close.getSide()));
            }
            case CONNECTION_RESET -> {
                FaultRule.ConnectionReset reset = rule.getConnectionReset();
                Moment when = switch (reset.getWhenCase()) {
                    case AFTER_BYTES -> afterBytes("connection_reset", reset.getAfterBytes());
                    case AFTER -> after("connection_reset", reset.getAfter());
                    case WHEN_NOT_SET -> Moment.AT_ONCE;
                };
                yield new ConnectionReset(when, side("connection_reset.side", reset.getSide()));
            }
            case HALF_OPEN -> {
                FaultRule.HalfOpen half = rule.getHalfOpen();
                yield new HalfOpen(
                        switch (half.getWhenCase()) {
                            case AFTER_BYTES -> afterBytes("half_open", half.getAfterBytes());
                            case AFTER -> after("half_open", half.getAfter());
                            case WHEN_NOT_SET -> Moment.AT_ONCE;
                        });
            }
            case SLOW_CLOSE ->
                at(
                        "slow_close",
                        () -> new SlowClose(
                                duration("slow_close.delay", rule.getSlowClose().getDelay())));
            case PARTITION ->
                at(
                        "partition",
                        () -> new Partition(
                                mode(rule.getPartition().getMode()),
                                direction("partition", rule.getPartition().getDirection())));
            case DNS -> at("dns", () -> dns(rule.getDns()));
            case FAULT_NOT_SET -> throw missing("fault", "one of abort, delay, reset, latency …");
        };
    }

    private static FaultRule.Reset reset(Reset reset) {
        FaultRule.Reset.Builder message = FaultRule.Reset.newBuilder()
                .setCode(
                        switch (reset.code()) {
                            case 0 -> FaultRule.Reset.Code.NO_ERROR;
                            case Http2Error.INTERNAL_ERROR -> FaultRule.Reset.Code.DEFAULT;
                            default -> FaultRule.Reset.Code.forNumber(reset.code());
                        })
                .setGoAway(reset.goAway());
        switch (reset.point()) {
            case REQUEST -> {}
            case HEADERS -> message.setAfterHeaders(true);
            case BODY -> message.setAfterBodyBytes(reset.bodyBytes());
        }
        return message.build();
    }

    private static Reset reset(FaultRule.Reset reset) {
        int code = switch (reset.getCode()) {
            case NO_ERROR -> 0;
            case DEFAULT -> Http2Error.INTERNAL_ERROR;
            case UNRECOGNIZED -> throw unknown("reset.code");
            default -> reset.getCode().getNumber();
        };
        Reset.Point point = switch (reset.getPointCase()) {
            case AFTER_HEADERS -> {
                if (!reset.getAfterHeaders()) {
                    throw new InvalidRuleException("reset.after_headers", "value must equal true");
                }
                yield Reset.Point.HEADERS;
            }
            case AFTER_BODY_BYTES -> Reset.Point.BODY;
            case POINT_NOT_SET -> Reset.Point.REQUEST;
        };
        long bytes = point == Reset.Point.BODY ? integer("reset.after_body_bytes", reset.getAfterBodyBytes()) : 0;
        return new Reset(point, bytes, code, reset.getGoAway());
    }

    private static Partition.Mode mode(FaultRule.Partition.Mode mode) {
        return switch (mode) {
            case DROP -> Partition.Mode.DROP;
            case REJECT -> Partition.Mode.REFUSE;
            case UNRECOGNIZED -> throw unknown("partition.mode");
        };
    }

    private static FaultRule.Abort abort(Abort abort) {
        FaultRule.Abort.Builder message = FaultRule.Abort.newBuilder();
        if (abort.isGrpc()) {
            message.setGrpcStatus(abort.grpcStatus());
        } else {
            message.setHttpStatus(abort.httpStatus());
        }
        if (abort.body() != null) {
            message.setBody(StringValue.of(abort.body()));
        }
        return message.build();
    }

    private static Abort abort(FaultRule.Abort abort) {
        String body = abort.hasBody() ? abort.getBody().getValue() : null;
        return switch (abort.getStatusCase()) {
            case HTTP_STATUS -> {
                int status = abort.getHttpStatus();
                if (status == 0) {
                    throw new InvalidRuleException("abort.http_status", "must be from 200 to 599, got 0");
                }
                yield Abort.http(integer("abort.http_status", status), body);
            }
            case GRPC_STATUS -> Abort.grpc(integer("abort.grpc_status", abort.getGrpcStatus()), body);
            case STATUS_NOT_SET -> throw missing("abort.status", "http_status or grpc_status");
        };
    }

    private static FaultRule.Slice slice(Slice slice) {
        FaultRule.Slice.Builder message = FaultRule.Slice.newBuilder()
                .setBytes(slice.bytes())
                .setVariation(slice.variation())
                .setDirection(direction(slice.direction()));
        if (!slice.delay().isZero()) {
            message.setDelay(duration(slice.delay()));
        }
        return message.build();
    }

    private static Slice slice(FaultRule.Slice slice) {
        return new Slice(
                integer("slice.bytes", slice.getBytes()),
                integer("slice.variation", slice.getVariation()),
                duration("slice.delay", slice.getDelay()),
                direction("slice", slice.getDirection()));
    }

    private static FaultRule.Corrupt corrupt(Corrupt corrupt) {
        FaultRule.Corrupt.Builder message =
                FaultRule.Corrupt.newBuilder().setOffset(corrupt.offset()).setDirection(direction(corrupt.direction()));
        if (corrupt.pattern() == null) {
            message.setPercentage(percent(corrupt.share()));
        } else {
            message.setPattern(corrupt.pattern());
        }
        return message.build();
    }

    private static Corrupt corrupt(FaultRule.Corrupt corrupt) {
        long offset = integer("corrupt.offset", corrupt.getOffset());
        Direction direction = direction("corrupt", corrupt.getDirection());
        return switch (corrupt.getHowCase()) {
            case PERCENTAGE ->
                new Corrupt(percent("corrupt.percentage", corrupt.getPercentage()), offset, null, direction);
            case PATTERN -> new Corrupt(Percentage.FULL, offset, corrupt.getPattern(), direction);
            case HOW_NOT_SET -> throw missing("corrupt.how", "percentage or pattern");
        };
    }

    private static FaultRule.Dns dns(DnsFault dns) {
        FaultRule.Dns.Builder message = FaultRule.Dns.newBuilder();
        switch (dns.action()) {
            case DELAY -> message.setDelay(duration(dns.time()));
            case DROP -> message.setDrop(true);
            case SERVFAIL -> message.setServfail(true);
            case NXDOMAIN -> message.setNxdomain(true);
            case REFUSED -> message.setRefused(true);
            case EMPTY -> message.setEmpty(true);
            case TTL -> message.setTtl(duration(dns.time()));
            case ADDRESS ->
                message.setAddress(FaultRule.Dns.Addresses.newBuilder().addAllAddresses(dns.addresses()));
            case TRUNCATE -> message.setTruncate(true);
        }
        return message.build();
    }

    private static DnsFault dns(FaultRule.Dns dns) {
        return switch (dns.getActionCase()) {
            case DELAY -> DnsFault.delay(duration("dns.delay", dns.getDelay()));
            case DROP -> answer(DnsFault.Action.DROP, dns.getDrop());
            case SERVFAIL -> answer(DnsFault.Action.SERVFAIL, dns.getServfail());
            case NXDOMAIN -> answer(DnsFault.Action.NXDOMAIN, dns.getNxdomain());
            case REFUSED -> answer(DnsFault.Action.REFUSED, dns.getRefused());
            case EMPTY -> answer(DnsFault.Action.EMPTY, dns.getEmpty());
            case TTL -> DnsFault.ttl(duration("dns.ttl", dns.getTtl()));
            case ADDRESS ->
                at("dns.address", () -> DnsFault.address(dns.getAddress().getAddressesList()));
            case TRUNCATE -> answer(DnsFault.Action.TRUNCATE, dns.getTruncate());
            case ACTION_NOT_SET -> throw missing("dns.action", "one of delay, drop, servfail, nxdomain …");
        };
    }

    private static DnsFault answer(DnsFault.Action action, boolean set) {
        if (!set) {
            throw new InvalidRuleException("dns." + action.field(), "value must equal true");
        }
        return DnsFault.of(action);
    }

    private static Pace pace(String field, com.google.protobuf.Duration fixed, com.google.protobuf.Duration jitter) {
        Duration mean = duration(field + ".fixed", fixed);
        Duration spread = duration(field + ".jitter", jitter);
        return at(field, () -> new Pace(mean, spread));
    }

    private static Moment afterBytes(String field, long bytes) {
        if (bytes == 0) {
            throw new InvalidRuleException(field + ".after_bytes", "must be 1 or more, got 0");
        }
        return Moment.afterBytes(integer(field + ".after_bytes", bytes));
    }

    private static Moment after(String field, com.google.protobuf.Duration age) {
        Duration after = duration(field + ".after", age);
        if (after.isZero()) {
            throw new InvalidRuleException(field + ".after", "must be more than 0s and at most 24h");
        }
        return at(field + ".after", () -> Moment.after(after));
    }

    private static FaultRule.Side side(Side side) {
        return switch (side) {
            case DOWNSTREAM -> FaultRule.Side.DOWNSTREAM;
            case UPSTREAM -> FaultRule.Side.UPSTREAM;
        };
    }

    private static Side side(String field, FaultRule.Side side) {
        return switch (side) {
            case DOWNSTREAM -> Side.DOWNSTREAM;
            case UPSTREAM -> Side.UPSTREAM;
            case UNRECOGNIZED -> throw unknown(field);
        };
    }

    private static FaultRule.Direction direction(Direction direction) {
        return switch (direction) {
            case BOTH -> FaultRule.Direction.BOTH;
            case TO_UPSTREAM -> FaultRule.Direction.TO_UPSTREAM;
            case TO_DOWNSTREAM -> FaultRule.Direction.TO_DOWNSTREAM;
        };
    }

    private static Direction direction(String fault, FaultRule.Direction direction) {
        return switch (direction) {
            case BOTH -> Direction.BOTH;
            case TO_UPSTREAM -> Direction.TO_UPSTREAM;
            case TO_DOWNSTREAM -> Direction.TO_DOWNSTREAM;
            case UNRECOGNIZED -> throw unknown(fault + ".direction");
        };
    }

    private static FaultRule.Overflow overflow(Overflow then) {
        return switch (then) {
            case QUEUE -> FaultRule.Overflow.QUEUE;
            case REFUSE -> FaultRule.Overflow.REFUSE;
            case CLOSE -> FaultRule.Overflow.CLOSE;
        };
    }

    private static Overflow overflow(String field, FaultRule.Overflow then) {
        return switch (then) {
            case QUEUE -> Overflow.QUEUE;
            case REFUSE -> Overflow.REFUSE;
            case CLOSE -> Overflow.CLOSE;
            case UNRECOGNIZED -> throw unknown(field);
        };
    }

    private static InvalidRuleException unknown(String field) {
        return new InvalidRuleException(field, "value must be one of the defined enum values");
    }
}
