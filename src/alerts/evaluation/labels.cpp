#include "labels.hpp"

#include "falconer/sha256.hpp"

namespace falconer::alerts {
namespace {

/// Of parts that cannot run into one another.
class digest_text {
public:
    digest_text& add(std::string_view part) {
        text_ += std::to_string(part.size());
        text_ += ':';
        text_ += part;
        return *this;
    }
    digest_text& add(const label_set& labels) {
        add(std::to_string(labels.size()));
        for (const auto& [name, text] : labels) add(name).add(text);
        return *this;
    }
    uuid id() const { return uuid::from_digest(sha256(text_)); }

private:
    std::string text_;
};

std::optional<std::string> scalar(const value& is) {
    if (const auto* text = is.text()) return *text;
    if (const auto* number = is.numeral_text()) return *number;
    if (const auto truth = is.boolean()) return *truth ? "true" : "false";
    return std::nullopt;
}

std::optional<std::string> text_in(const filter::subject& in, std::string_view name) {
    const auto* is = in.fields == nullptr ? nullptr : in.fields->find(name);
    if (is == nullptr) return std::nullopt;
    if (!is->is_list()) return scalar(*is);
    for (const auto& each : is->items())
        if (auto text = scalar(each)) return text;
    return std::nullopt;
}

std::optional<std::string> whole_text(const filter::field& where, const filter::subject& in) {
    using enum filter::field_kind;
    const auto copy = [](const std::optional<std::string_view>& text) {
        return text ? std::optional<std::string>(*text) : std::nullopt;
    };
    switch (where.which) {
        case rule: return std::string(in.rule);
        case cluster: return std::string(in.identity);
        case project: return copy(in.project);
        case shoot: return copy(in.shoot);
        case landscape: return copy(in.landscape);
        case host: return copy(in.host);
        case source: return copy(in.source);
        case output: return copy(in.output);
        case tag: return in.tags.empty() ? std::nullopt : std::optional(in.tags.front());
        case priority: return std::string(falconer::name_of(in.level));
        case workload: {
            const auto pod = text_in(in, "k8s.pod.name");
            if (!pod) return std::nullopt;
            return std::string(filter::workload_of(*pod));
        }
        case filter::field_kind::output_field: return text_in(in, where.name);
        case flag:
        case uuid:
        case time:
        case received: break;
    }
    return std::nullopt;
}

}  // namespace

std::string cut(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return std::string(text);
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) --bytes;
    return std::string(text.substr(0, bytes));
}

std::optional<std::string> field_text(const filter::field& where, const filter::subject& in) {
    auto text = whole_text(where, in);
    if (text && text->size() > longest_label) text = cut(*text, longest_label);
    return text;
}

label_set labels_of(const ready_rule& rule, const filter::subject& in) {
    label_set labels;
    for (std::size_t i = 0; i < rule.groups.size(); ++i)
        labels.emplace(rule.text.group_by[i], field_text(rule.groups[i], in).value_or(""));
    return labels;
}

uuid alert_id(const uuid& rule, const label_set& labels) {
    return digest_text().add("alert").add(rule.text()).add(labels).id();
}

uuid bundle_id(const uuid& rule, const std::string& receiver, const label_set& labels) {
    return digest_text().add("bundle").add(rule.text()).add(receiver).add(labels).id();
}

uuid notification_key(const uuid& bundle, utc_time born, std::int64_t number) {
    const auto micros = std::chrono::floor<std::chrono::microseconds>(born).time_since_epoch();
    return digest_text()
        .add("telling")
        .add(bundle.text())
        .add(std::to_string(micros.count()))
        .add(std::to_string(number))
        .id();
}

}  // namespace falconer::alerts
