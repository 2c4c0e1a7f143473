/* The functions of the tools. */
#ifndef GLOSSARY_TOOLS_H
#define GLOSSARY_TOOLS_H

#include "glossary.h"

koi_result name_of_term(const koi_json *arguments, koi_tool_result *result);
koi_result define_term(const koi_json *arguments, koi_tool_result *result);
koi_result look_up_term(const koi_json *arguments, koi_tool_result *result);
koi_result import_terms(const koi_json *arguments, koi_tool_result *result);
koi_result import_from(const koi_json *arguments, koi_tool_result *result);
koi_result retire_term(const koi_json *arguments, koi_tool_result *result);
koi_result popular_terms(const koi_json *arguments, koi_tool_result *result);

#endif
