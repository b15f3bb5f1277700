// What Kubernetes takes for names and labels.
#pragma once

#include <string_view>

namespace falconer::falco {

/// Of a volume, a namespace. Source: RFC 1123 §2.1; Kubernetes, names.
bool is_dns_label(std::string_view name) noexcept;
/// DNS labels with dots between them. Source: Kubernetes, DNS subdomain names.
bool is_dns_subdomain(std::string_view name) noexcept;

/// "disk", "example.com/disk". Source: Kubernetes, labels: syntax and character set.
bool is_label_key(std::string_view key) noexcept;
bool is_label_value(std::string_view text) noexcept;

/// Of a ConfigMap or a Secret, and so the name of a file in a volume. Source: Kubernetes,
/// apimachinery's IsConfigMapKey.
bool is_data_key(std::string_view key) noexcept;

}  // namespace falconer::falco
