# SPDX-License-Identifier: BSD-2-Clause
# Completion of mip6ctl(8) for bash. mip6ctl knows its commands, and asks the daemon for
# addresses.
_mip6ctl()
{
	local line=${COMP_LINE:0:COMP_POINT} cur words colon
	local IFS=$' \t\n'

	# not COMP_WORDS: that is cut at the colons of an address
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=("")
	cur=${words[-1]}
	COMPREPLY=()
	while IFS= read -r line; do
		case $line in
		:file) while IFS= read -r line; do
				COMPREPLY+=("$line")
			done < <(compgen -f -- "$cur")
			compopt -o filenames 2>/dev/null ;;
		*) COMPREPLY+=("${line%%$'\t'*}") ;;
		esac
	done < <("${words[0]}" --complete "${words[@]:1}" 2>/dev/null)
	# bash puts what it gets behind the last of these
	if [[ $cur == *[:=]* ]]; then
		colon=${cur%"${cur##*[:=]}"}
		COMPREPLY=("${COMPREPLY[@]#"$colon"}")
	fi
	[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
	return 0
}
complete -F _mip6ctl mip6ctl
