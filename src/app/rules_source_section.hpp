// The sections controller.rulesSource and admission.rulesSource of the configuration.
#pragma once

#include "falconer/strict_yaml.hpp"
#include "rules_feed.hpp"

namespace falconer::app {

void read_rules_source(yaml_document::reader in, rules_feed_options& into);

}  // namespace falconer::app
