// Small edits that the manifests of several workloads need.
#pragma once

#include "falconer/falco/cluster_facts.hpp"
#include "falconer/falco/falco_profile.hpp"
#include "falconer/falco/service_config.hpp"
#include "falconer/value.hpp"

#include <map>
#include <string>
#include <string_view>

namespace falconer::falco {

/// The one of a list whose `name` this is; there it must be.
value& named(value& list, std::string_view name);
/// Takes the one of that name out of a list, where it is.
void remove_named(value& list, std::string_view name);

/// "app.kubernetes.io/…" of an object that belongs to `component`.
void put_labels(value& object, const std::string& component, const std::string& version);

value config_map(const std::string& name, const std::map<std::string, std::string>& data);
/// Of base64 data, its keys in order.
value opaque_secret(const std::string& name, const std::map<std::string, std::string>& data);

value environment(const std::string& name, const std::string& is);
/// For those who only read it.
value mount(const std::string& volume, const std::string& path);

/// With the mirror's registry in the place of its own, if there is a mirror.
std::string image_of(const std::string& image, const std::string& mirror);

/// Where its pods may run: the user's selector and tolerations on top of the manifest's.
void put_placement(value& pod_spec, const falco_service& service);
/// Source: Gardener's docs/development/priority-classes.md.
void put_priority(value& pod_spec, extension_class is, const std::string& of_shoots);
/// "networking.gardener.cloud/<what>: allowed" of Gardener's shoots.
void allow(value& pod_labels, std::initializer_list<std::string_view> what);

}  // namespace falconer::falco
