package dev.mishap.control.api;

import com.google.protobuf.Timestamp;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.rules.KillSwitch;
import dev.mishap.control.rules.RuleDocument;
import dev.mishap.control.rules.RuleKey;
import dev.mishap.control.rules.RuleProtos;
import dev.mishap.control.rules.StoredRule;
import dev.mishap.control.security.Grant;
import dev.mishap.control.v1.Node;
import dev.mishap.control.v1.NodeOutcome;
import dev.mishap.control.v1.TypeState;
import dev.mishap.rules.text.RuleLine;
import java.time.Instant;

/** Rules, nodes and the rest as messages. */
final class GrpcMessages {
    private GrpcMessages() {}

    static RuleDocument document(dev.mishap.control.v1.RuleDocument message) {
        if (!message.hasRule()) {
            throw ProblemException.invalid("document.rule", "is missing");
        }
        if (!message.getRule().getInstallation().isEmpty()) {
            throw ProblemException.invalid("document.rule.installation", "is set by the control plane: leave it out");
        }
        String namespace = message.getNamespace().isEmpty() ? RuleKey.DEFAULT_NAMESPACE : message.getNamespace();
        RuleService.requireNamespace(namespace);
        try {
            return new RuleDocument(
                    namespace,
                    message.getAnnotationsMap(),
                    message.getOverrideReason().isEmpty() ? null : message.getOverrideReason(),
                    RuleProtos.fromProto(message.getRule()));
        } catch (IllegalArgumentException e) {
            String text = String.valueOf(e.getMessage());
            int colon = text.indexOf(": ");
            boolean field = colon > 0 && text.substring(0, colon).matches("[A-Za-z0-9_.\\[\\]]+");
            throw ProblemException.invalid(
                    "document.rule" + (field ? "." + text.substring(0, colon) : ""),
                    field ? text.substring(colon + 2) : text);
        }
    }

    static dev.mishap.control.v1.StoredRule rule(StoredRule rule, Instant now, KillSwitch killSwitch) {
        dev.mishap.control.v1.RuleDocument.Builder document = dev.mishap.control.v1.RuleDocument.newBuilder()
                .setNamespace(rule.namespace())
                .setRule(RuleProtos.toProto(rule.rule()))
                .putAllAnnotations(rule.annotations());
        String override = rule.document().overrideReason();
        if (override != null) {
            document.setOverrideReason(override);
        }
        dev.mishap.control.v1.StoredRule.Builder message = dev.mishap.control.v1.StoredRule.newBuilder()
                .setDocument(document)
                .setUid(rule.uid())
                .setResourceVersion(rule.revision())
                .setGeneration(rule.generation())
                .setCreated(time(rule.created()))
                .setUpdated(time(rule.updated()))
                .setUpdatedBy(rule.who())
                .setSummary(RuleLine.describe(rule.rule()))
                .setPhase(
                        switch (Documents.phase(rule, now, killSwitch)) {
                            case "Expired" -> dev.mishap.control.v1.StoredRule.Phase.EXPIRED;
                            case "Stopped" -> dev.mishap.control.v1.StoredRule.Phase.STOPPED;
                            case "Active" -> dev.mishap.control.v1.StoredRule.Phase.ACTIVE;
                            default -> dev.mishap.control.v1.StoredRule.Phase.SCHEDULED;
                        });
        Instant expires = rule.expires();
        if (expires != null) {
            message.setExpires(time(expires));
        }
        return message.build();
    }

    static dev.mishap.control.v1.KillSwitch killSwitch(KillSwitch killSwitch) {
        return dev.mishap.control.v1.KillSwitch.newBuilder()
                .setEngaged(killSwitch.engaged())
                .setReason(killSwitch.reason())
                .setBy(killSwitch.who())
                .setAt(time(killSwitch.at()))
                .build();
    }

    static NodeOutcome outcome(FleetView.Honour honour) {
        return NodeOutcome.newBuilder()
                .setNode(honour.node())
                .setCluster(honour.cluster())
                .setOutcome(
                        honour.honoured()
                                ? NodeOutcome.Outcome.HONOURED
                                : honour.partly() ? NodeOutcome.Outcome.PARTLY : NodeOutcome.Outcome.NOT_HONOURED)
                .addAllWays(honour.ways())
                .addAllReasons(honour.reasons())
                .addAllNotes(honour.notes())
                .build();
    }

    static Node.Builder node(FleetView.Node node) {
        Node.Builder message = Node.newBuilder()
                .setId(node.id())
                .setCluster(node.cluster())
                .setNamespace(node.namespace())
                .setKind(node.kind())
                .setVersion(node.version())
                .setLocality(node.locality())
                .setAddress(node.address())
                .setConnected(time(node.connected()))
                .setState(TypeState.State.valueOf(node.state()))
                .addAllProtocols(node.protocols())
                .putAllCapabilities(node.capabilities());
        for (FleetView.TypeState type : node.types()) {
            TypeState.Builder state = message.addTypesBuilder()
                    .setTypeUrl(type.type())
                    .setState(TypeState.State.valueOf(type.state()))
                    .setResources(type.resources())
                    .setSentVersion(type.sentVersion())
                    .setAckedVersion(type.ackedVersion());
            String error = type.error();
            if (error != null) {
                state.setError(error);
            }
            Instant acked = type.ackedAt();
            if (acked != null) {
                state.setAcked(time(acked));
            }
        }
        return message;
    }

    static dev.mishap.control.v1.Grant grant(Grant grant) {
        return dev.mishap.control.v1.Grant.newBuilder()
                .setRole(grant.role().word())
                .addAllNamespaces(grant.namespaces())
                .setLabels(grant.labels())
                .build();
    }

    static Timestamp time(Instant instant) {
        return Timestamp.newBuilder()
                .setSeconds(instant.getEpochSecond())
                .setNanos(instant.getNano())
                .build();
    }
}
